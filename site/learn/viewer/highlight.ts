/**
 * The colours of a source: comments, strings, numbers and keywords of JavaScript and TypeScript. It
 * is no parser: a part that it takes for something else has a wrong colour, and nothing more.
 */

import { h } from './dom.js'

const KEYWORDS =
  'as|async|await|break|case|catch|class|const|continue|default|delete|do|else|export|extends|finally|for|from|function|if|implements|import|in|instanceof|interface|let|new|null|of|return|static|super|switch|this|throw|true|false|try|type|typeof|undefined|var|void|while|yield'

const TOKEN = new RegExp(
  [
    String.raw`(?<comment>\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))`,
    String.raw`(?<string>'(?:\\.|[^'\\\n])*'?|"(?:\\.|[^"\\\n])*"?|${'`'}(?:\\[\s\S]|[^${'`'}\\])*${'`'}?)`,
    String.raw`(?<keyword>(?<![\w$.])(?:${KEYWORDS})(?![\w$]))`,
    String.raw`(?<number>(?<![\w$.])\d[\w.]*)`,
  ].join('|'),
  'g',
)

/** The lines of a source, each as the pieces that it consists of. */
export function highlight(text: string): (Node | string)[][] {
  const lines: (Node | string)[][] = [[]]
  const add = (piece: string, kind: string | null): void => {
    piece.split('\n').forEach((part, i) => {
      if (i > 0) lines.push([])
      if (part !== '') lines.at(-1)?.push(kind === null ? part : h('span', { class: `code-${kind}` }, part))
    })
  }
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    const [kind = ''] = Object.entries(match.groups ?? {}).find(([, found]) => found !== undefined) ?? []
    add(text.slice(end, match.index), null)
    add(match[0], kind)
    end = match.index + match[0].length
  }
  add(text.slice(end), null)
  return lines
}
