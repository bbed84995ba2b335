/**
 * Texts of a program within another text. Names, values and messages may contain anything.
 */

/** Ends of lines, other characters that control a terminal, and those that turn the direction. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A text in one line. */
export function oneLine(text: string): string {
  return text.replace(CONTROLS, (character) => {
    if (character === '\n') return '\\n'
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
  })
}

/** A text in one line, cut if it is long. */
export function short(text: string, max: number): string {
  const characters = [...oneLine(text)]
  return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : characters.join('')
}

/** A text in XML: in an element, or in an attribute in quotes. */
export function xml(text: string): string {
  return oneLine(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
