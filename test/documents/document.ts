// The Markdown documents of the repository, and their contents: fenced blocks, links, and headings
// that links may name.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import GithubSlugger from 'github-slugger'
import MarkdownIt, { type Token } from 'markdown-it'
import { type Info, infoOf } from './info.js'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

export interface Document {
  /** From the root of the repository. */
  readonly file: string
  readonly blocks: readonly Block[]
  /** The targets of its links and pictures, as they are written. */
  readonly links: readonly string[]
  /** The names that a link may have behind its `#`, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>
}

/** A fenced block. */
export interface Block extends Info {
  readonly code: string
  /** The number of its first line of code. */
  readonly line: number
}

const markdown = new MarkdownIt({ html: true })

/** The documents at the root and in the packages. */
export function documentFiles(): string[] {
  const packages = readdirSync(path.join(root, 'packages')).map((name) => `packages/${name}`)
  const atTop = ['README.md', 'CONTRIBUTING.md', 'RELEASING.md', 'SECURITY.md']
  const readmes = ['.', ...packages].flatMap((folder) => atTop.map((file) => `${folder}/${file}`))
  const pages = packages
    .map((folder) => `${folder}/docs`)
    .filter((folder) => existsSync(path.join(root, folder)))
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.md'))
        .map((file) => `${folder}/${file.replaceAll('\\', '/')}`),
    )
  return [...readmes, ...pages]
    .map((file) => path.posix.normalize(file))
    .filter((file) => existsSync(path.join(root, file)))
    .sort()
}

export function readDocument(file: string): Document {
  return parseDocument(file, readFileSync(path.join(root, file), 'utf8'))
}

export function parseDocument(file: string, text: string): Document {
  const tokens = markdown.parse(withoutFrontMatter(text), {})
  const lines = text.split('\n')
  const inline = tokens.flatMap(({ children }) => children ?? [])
  return {
    file,
    blocks: tokens.filter(({ type }) => type === 'fence').map((token) => blockOf(file, lines, token)),
    links: [...tokens, ...inline].flatMap(linksOf),
    anchors: anchorsOf(tokens),
  }
}

function blockOf(file: string, lines: readonly string[], { info, content, map, markup }: Token): Block {
  const [begin, end] = map! // A fence stands somewhere.
  try {
    if (end < begin + 2 || !lines[end - 1]?.trim().startsWith(markup))
      throw new Error('the block does not end')
    return { ...infoOf(info.trim()), code: content, line: begin + 2 }
  } catch (cause) {
    throw new Error(`${file}:${begin + 1}: ${(cause as Error).message}`, { cause }) // Only errors are thrown here.
  }
}

function linksOf(token: Token): string[] {
  if (token.type === 'link_open') return [String(token.attrGet('href'))]
  if (token.type === 'image') return [String(token.attrGet('src'))]
  if (!token.type.startsWith('html_')) return []
  return [...token.content.matchAll(/<(?:a|img)\b[^>]*?\b(?:href|src)="([^"]*)"/g)].map(
    ([, target]) => target!,
  )
}

function anchorsOf(tokens: readonly Token[]): Set<string> {
  const slugger = new GithubSlugger()
  const headings = tokens.filter((_, i) => tokens[i - 1]?.type === 'heading_open')
  const text = ({ children }: Token) =>
    (children ?? [])
      .filter(({ type }) => type === 'text' || type === 'code_inline')
      .map(({ content }) => content)
      .join('')
  return new Set(headings.map((heading) => slugger.slug(text(heading))))
}

/** The same lines without the front matter, which lies between two `---` at the top. */
function withoutFrontMatter(text: string): string {
  return text.replace(/^---\n.*?\n---\n/s, (matter) => matter.replace(/[^\n]/g, ''))
}
