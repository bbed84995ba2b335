// TypeDoc makes the anchor of a heading from its text without the code in it; GitHub includes the
// code.

/** @param {import('markdown-it').MarkdownIt} parser */
export function headingsWithCode(parser) {
  parser.core.ruler.push('headings-with-code', ({ tokens, Token }) => {
    const headings = tokens.filter((_, i) => tokens[i - 1]?.type === 'heading_open')
    for (const code of headings.flatMap(({ children }) => children ?? [])) {
      // The text of a token is that of its children, and code has none.
      if (code.type === 'code_inline')
        code.children = [Object.assign(new Token('text', '', 0), { content: code.content })]
    }
  })
}
