// Where the links of a document lead: to files that are there, and to headings that are in them.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Document, readDocument, root } from './document.js'

/** The links of a document that lead nowhere; those to other hosts are not tried. */
export function brokenLinks(document: Document, open: (file: string) => Document = readDocument): string[] {
  return document.links.filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(link, document, open))
}

function leadsSomewhere(link: string, from: Document, open: (file: string) => Document): boolean {
  const [target = '', anchor] = decodeURI(link).split('#')
  if (target === '') return anchor !== undefined && from.anchors.has(anchor)
  const file = path.posix.join(path.posix.dirname(from.file), target)
  if (file.startsWith('..') || !existsSync(path.join(root, file))) return false
  return anchor === undefined || (file.endsWith('.md') && open(file).anchors.has(anchor))
}
