// The figures that tests report: what was tried, how often, and what was lost. `pnpm figures` runs
// the tests that have some with FIGURES set to the folder in which each writes its own file;
// otherwise nothing is written.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What one test has to report. */
export interface Figure {
  /** What was tried: `kill points`. */
  readonly what: string
  /** How often. */
  readonly tried: number
  /** How often it went wrong. */
  readonly failed: number
  /** What it was tried on, and from which seed, if there is one. */
  readonly detail: string
}

/** Writes a figure down, if figures are wanted. */
export function record(figure: Figure): void {
  const folder = process.env.FIGURES
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${figure.what.replaceAll(/\W+/g, '-')}.json`), JSON.stringify(figure))
}
