// The Markdown documents of the packages as pages of the site: the folder of one is its group, and
// its first heading its title.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Converter } from 'typedoc'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** By folder. A page in none of these folders belongs to the reference. */
const GROUPS = { tutorial: 'Tutorial', 'how-to': 'How-to', explanation: 'Explanation' }

/** A page in no folder that is part of the tutorial. */
const PLAYGROUND = 'playground.md'

/**
 * The pages in the order of the navigation: as the README lists them, then by name. @returns
 * {string[]}
 */
export function pageFiles() {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
  const place = (file) =>
    readme.includes(`](${file})`) ? readme.indexOf(`](${file})`) : Number.POSITIVE_INFINITY
  const pages = packages().flatMap((name) => markdownIn(`packages/${name}/docs`))
  // The difference of two pages that the README does not list is NaN.
  return [...pages.sort().sort((a, b) => place(a) - place(b) || 0), 'CONTRIBUTING.md']
}

/** Their folders; a package comes after the packages that it depends on. */
export function packages() {
  const dependencies = (name) => Object.keys(manifestOf(name).dependencies ?? {}).length
  return readdirSync(path.join(root, 'packages')).sort((a, b) => dependencies(a) - dependencies(b))
}

/** @param {string} name */
export function manifestOf(name) {
  return JSON.parse(readFileSync(path.join(root, 'packages', name, 'package.json'), 'utf8'))
}

/** @param {import('typedoc').Application} app */
export function pages(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, page) => {
    const file = page.project.files.getReflectionPath(page) ?? ''
    const folder = path.basename(path.dirname(file))
    page.frontmatter.group ??= file.endsWith('CONTRIBUTING.md')
      ? 'How-to'
      : file.endsWith(PLAYGROUND)
        ? GROUPS.tutorial
        : (GROUPS[folder] ?? 'Reference')
    // A page is as long as many doc comments, so each of its words has less weight.
    page.relevanceBoost = 8
    const [, title] = /^# (.+)$/m.exec(page.content[0]?.text ?? '') ?? []
    if (title !== undefined) page.name = title.replaceAll('`', '')
  })
}

/** @param {string} folder */
function markdownIn(folder) {
  const absolute = path.join(root, folder)
  if (!existsSync(absolute)) return []
  return readdirSync(absolute, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.posix.join(folder, file.replaceAll('\\', '/')))
}
