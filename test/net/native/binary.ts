// The location of the native part, and whether it is built.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const BINARY: string = fileURLToPath(
  new URL('../../../packages/net/native/build/Release/bluelet.node', import.meta.url),
)

export const isBuilt: boolean = process.platform === 'linux' && existsSync(BINARY)

/** Programs that the tests run in processes of their own. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
}
