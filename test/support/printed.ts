// What programs print that end by themselves: many of them in one process, which costs as little as
// one.
import { compiledFile } from './compiled.js'
import { javaScript, start } from './program.js'

/**
 * All that each of these files of JavaScript prints when it is run.
 *
 * @throws if one of them does not end well
 */
export async function printedBy(files: readonly string[]): Promise<Map<string, string>> {
  const program = start(...javaScript(compiledFile('test/support/one-by-one.ts'), files))
  const { code } = await program.ended(60_000)
  const printed = new Map(
    [...program.stdout.matchAll(/^=== \S+\n(.*?)=== end\n/gms)].map(([, text], i) => [files[i]!, text!]),
  )
  if (code !== 0 || program.stderr !== '' || printed.size < files.length) {
    throw new Error(`not all has ended well: ${program}`)
  }
  return printed
}
