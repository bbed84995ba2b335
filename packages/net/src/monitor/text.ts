/**
 * How answers look: tables, durations, and names that cannot change the state of a terminal.
 */

/** A longer name or event is cut. */
const MAX_CELL = 200

/** A text of the program without control characters, which a terminal would obey. */
export function printable(text: string): string {
  const cut = text.length > MAX_CELL ? `${text.slice(0, MAX_CELL)}...` : text
  return cut.replace(/[^\x20-\x7e\u00a1-\u1fff\u2010-\u2027\u2030-\u205f\u2070-\ud7ff]/g, '\ufffd')
}

/** A duration: `0.012 ms`, `3.4 ms`, `12 s`, `3 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1) return `${Math.max(ms, 0).toFixed(3)} ms`
  if (ms < 100) return `${ms.toFixed(1)} ms`
  if (ms < 10_000) return `${Math.round(ms)} ms`
  const seconds = Math.round(ms / 1000)
  if (seconds < 600) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 600 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/**
 * Rows below each other.
 *
 * @param titles of the columns; a title that begins with a space is of a column of numbers
 * @returns one text for each line
 */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const right = titles.map((title) => title.startsWith(' '))
  const lines = [titles.map((title) => title.trim()), ...rows]
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines.map((line) =>
    line
      .map((cell, column) => {
        const width = widths[column] as number // One for each column.
        return right[column] ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** A count with its noun: `1 task`, `3 tasks`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
