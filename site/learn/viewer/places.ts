/**
 * Where in the sources something is: `function (file:line:column)`, `file:line:column` or
 * `file:line`.
 */

/** A line of a file, as a trace names them. */
export interface Place {
  readonly file: string
  /** From 1. */
  readonly line: number
}

/** The place that a text names; null if it names none. */
export function placeOf(at: string | undefined): Place | null {
  if (at === undefined) return null
  const [, inner = at] = /\(([^()]*)\)$/.exec(at) ?? []
  const [, file, line] = /^(.*?):(\d+)(?::\d+)?$/.exec(inner) ?? []
  return file === undefined ? null : { file, line: Number(line) }
}

/** The source that is meant by a file's name: the same, or one of which the end is the same. */
export function sourceOf(file: string, names: readonly string[]): string | undefined {
  const path = file.replace(/^file:\/\//, '').replaceAll('\\', '/')
  return (
    names.find((name) => name === file || name === path) ??
    names.find((name) => path.endsWith(`/${name}`) || name.endsWith(`/${path}`))
  )
}

/** `echo.ts:12`, without the folders. */
export function short({ file, line }: Place): string {
  return `${file.split(/[\\/]/).at(-1)}:${line}`
}
