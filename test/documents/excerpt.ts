// Lines of a file that a document shows.

/**
 * Whether a file contains these lines, one after another and unchanged, except for common
 * indentation.
 */
export function isExcerpt(code: string, file: string): boolean {
  const excerpt = withoutIndentation(linesOf(code))
  const lines = linesOf(file)
  return (
    excerpt.some((line) => line !== '') &&
    lines.some((_, i) => {
      const there = withoutIndentation(lines.slice(i, i + excerpt.length))
      return there.length === excerpt.length && there.every((line, k) => line === excerpt[k])
    })
  )
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n')
}

function withoutIndentation(lines: readonly string[]): string[] {
  const indentations = lines.filter((line) => line !== '').map((line) => /^ */.exec(line)![0].length)
  const common = Math.min(...indentations)
  return lines.map((line) => line.slice(common))
}
