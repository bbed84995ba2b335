// Shows files of the repository that pages link to as pages; with TypeDoc alone the browser would
// download them.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { Converter, DocumentReflection, IndexEvent } from 'typedoc'
import { root } from './pages.js'

/** The page that lists these files. */
const SOURCES = 'Sources'

/** Files that a browser shows by itself, or should download. */
const MEDIA = new Set(['.svg', '.png', '.jpg', '.gif', '.ico'])

/** The language for highlighting, by file extension. */
const LANGUAGES = {
  '.ts': 'ts',
  '.js': 'js',
  '.mjs': 'js',
  '.py': 'python',
  '.json': 'json',
  '.sh': 'sh',
  '.c': 'c',
  '.cc': 'cpp',
  '.h': 'c',
  '.go': 'go',
  '.html': 'html',
}

/** @param {import('typedoc').Application} app */
export function sources(app) {
  // Runs after all pages have been read.
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => add(project), -1000)
  // A search should find the pages about a thing, not every test that names it.
  app.renderer.on(IndexEvent.PREPARE_INDEX, (index) => {
    for (let i = index.searchResults.length - 1; i >= 0; i--) {
      if (isSource(index.searchResults[i])) index.removeResult(i)
    }
  })
}

/** @param {import('typedoc').ProjectReflection} project */
function add(project) {
  const linked = project.files
    .getMediaPaths()
    .filter((file) => existsSync(file) && !MEDIA.has(path.extname(file)))
  const files = [
    ...new Set(linked.flatMap((file) => (isFolder(file) ? [file, ...filesIn(file)] : [file]))),
  ].sort()
  const intro = {
    kind: 'text',
    text: '# Sources\n\nThe files of the repository that the pages of this site lead to.\n\n',
  }
  const all = new DocumentReflection(SOURCES, project, [intro, ...listOf(files, project)], {
    group: 'Reference',
  })
  project.addChild(all)
  project.registerReflection(all, undefined, undefined)
  for (const file of files) {
    const name = path.relative(root, file)
    const heading = { kind: 'text', text: `# ${name}\n\n` }
    const content = isFolder(file) ? listOf(filesIn(file), project) : [{ kind: 'code', text: fenced(file) }]
    const page = new DocumentReflection(name, all, [heading, ...content], {})
    all.addChild(page)
    project.registerReflection(page, undefined, file)
  }
}

/**
 * @param {string[]} files @param {import('typedoc').ProjectReflection} project @returns
 *   {import('typedoc').CommentDisplayPart[]}
 */
function listOf(files, project) {
  return files.flatMap((file) => [
    { kind: 'text', text: `- [${path.relative(root, file)}](` },
    { kind: 'relative-link', text: file, ...project.files.registerAbsolute(file), targetAnchor: undefined },
    { kind: 'text', text: ')\n' },
  ])
}

/** @param {import('typedoc').Reflection} reflection */
function isSource({ name, parent }) {
  return (parent?.isProject() ? name : parent?.name) === SOURCES
}

/** @param {string} file */
function fenced(file) {
  const text = readFileSync(file, 'utf8')
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${LANGUAGES[path.extname(file)] ?? 'text'}\n${text.trimEnd()}\n${fence}\n`
}

/** @param {string} folder */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => !/(^|[\\/])(node_modules|\.)/.test(file))
    .map((file) => path.join(folder, file))
    .filter((file) => !isFolder(file))
    .sort()
}

/** @param {string} file */
function isFolder(file) {
  return statSync(file).isDirectory()
}
