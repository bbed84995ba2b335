// The playground in the pages: beside the programs of the tutorial, and in the place of blocks that
// are programs of their own. What is shown of a program's output stays hidden until asked for.
//
//   ts play            a program of its own
//   ts from=FILE play  lines of a file, and below them the file in a playground
//   ts from=FILE lesson  the same, with the lesson in the JSON file beside it
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { JSX, PageEvent } from 'typedoc'
import { playgroundFiles } from './learn/playground/build.js'
import { root } from './pages.js'

/** The folder of the playground in the site. */
const FOLDER = 'play'

/** Stands for the way from a page to that folder. */
const WAY = '%playground%'

/** The frames become as high as what is in them. */
const RESIZE = `addEventListener('message', ({ source, data }) => {
  const height = Math.min(Math.max(Number(data?.blueletHeight) || 0, 120), 3000)
  for (const frame of document.querySelectorAll('.play iframe')) {
    if (frame.contentWindow === source && data?.blueletHeight) frame.style.height = height + 'px'
  }
})`

/** @param {import('typedoc').Application} app */
export function playground(app) {
  app.renderer.on(PageEvent.END, (page) => {
    const up = '../'.repeat(page.url.split('/').length - 1)
    page.contents = page.contents?.replaceAll(WAY, `${up}${FOLDER}`)
  })
  app.renderer.hooks.on('body.end', (context) =>
    context.page.contents?.includes('class="play"') === false
      ? JSX.createElement(JSX.Fragment, null)
      : JSX.createElement('script', null, JSX.createElement(JSX.Raw, { html: RESIZE })),
  )
  app.renderer.postRenderAsyncJobs.push(async ({ outputDirectory }) => {
    const folder = path.join(outputDirectory, FOLDER)
    mkdirSync(folder, { recursive: true })
    for (const [name, text] of Object.entries(await playgroundFiles())) {
      writeFileSync(path.join(folder, name), text)
    }
  })
}

/** @param {import('markdown-it').MarkdownIt} parser */
export function playable(parser) {
  const { fence } = parser.renderer.rules
  parser.renderer.rules.fence = (tokens, i, options, env, self) => {
    const html = fence(tokens, i, options, env, self)
    const { info, content } = tokens[i]
    const [language, ...words] = info.trim().split(/\s+/)
    const file = (name) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
    const output = file('output')
    if (output !== undefined && tokens.some(({ info }) => info.includes(`from=${output} play`))) {
      return `<details class="predicted"><summary>Show the output</summary>${html}</details>`
    }
    const from = file('from')
    if (words.includes('lesson')) return frame(filesOf(from), { lesson: lessonOf(from) }) + noScript(html)
    if (language !== 'ts' || !words.includes('play')) return html
    if (from !== undefined) return html + frame(filesOf(from), { predict: true })
    return frame({ 'program.ts': content }) + noScript(html)
  }
}

function noScript(html) {
  return `<noscript>${html}</noscript>`
}

/** The lesson of a program, without the names of its files. */
function lessonOf(file) {
  const { title, steps } = JSON.parse(readFileSync(path.join(root, file.replace(/ts$/, 'json')), 'utf8'))
  return { title, steps }
}

/**
 * A playground with a program.
 *
 * @param {Record<string, string>} files the first one is what is run
 * @param {object} how what else the link says
 */
function frame(files, how = {}) {
  const [main] = Object.keys(files)
  const shared = { program: { main, files }, settings: {}, ...how }
  const hash = deflateRawSync(JSON.stringify(shared)).toString('base64url')
  return `<div class="play"><iframe loading="lazy" title="Playground: ${main}" allow="clipboard-write" src="${WAY}/index.html#${hash}"></iframe></div>`
}

/** A file and those that it imports, by their names. */
function filesOf(file, files = {}) {
  const text = readFileSync(path.join(root, file), 'utf8')
  files[path.basename(file)] = text
  for (const [, name] of text.matchAll(/from '\.\/([\w-]+)\.js'/g)) {
    if (files[`${name}.ts`] === undefined) filesOf(path.join(path.dirname(file), `${name}.ts`), files)
  }
  return files
}
