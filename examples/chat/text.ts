// What members may show to each other. Part of the chat server: node --import tsx examples/chat/server.ts

/** Control characters, line ends, and what has no glyph (\p{DI}): joiners, direction marks, fillers that count as letters. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]/gu

/** Returns a line without its end, and without characters that could move a reader's cursor, reorder its text, or hide in it. */
export function printable(line: Buffer): string {
  return line.toString().replaceAll(HIDDEN, '')
}

/** Returns a name, or undefined if it is not valid: a hidden character would make two names look alike. */
export function nameIn(line: Buffer): string | undefined {
  const name = line.toString().replace(/\r?\n$/, '')
  return /^[\p{L}\p{N}_-]{1,20}$/u.test(name) && name.search(HIDDEN) === -1 ? name : undefined
}
