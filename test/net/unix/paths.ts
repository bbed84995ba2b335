// Paths of Unix sockets for tests: short, since the temporary folder of a user may not be.
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { afterAll } from 'vitest'

let directory: string | undefined
let count = 0

/** A folder of this test file, which is removed at its end. */
export function socketDirectory(): string {
  directory ??= mkdtempSync('/tmp/bluelet-')
  return directory
}

/** A path at which there is no file. */
export function socketPath(): string {
  return join(socketDirectory(), `${count++}.sock`)
}

afterAll(() => {
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  directory = undefined
})

/** Leaves the file of a program that has ended without removing it. */
export async function leaveStaleSocket(path: string): Promise<void> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(`${path}.first`, resolve))
  // Node removes the file under the name that it was given.
  renameSync(`${path}.first`, path)
  await new Promise((resolve) => server.close(resolve))
}

/** Whether a driver knows abstract names here. */
export function hasAbstractNames(driver: unknown): boolean {
  return driver !== 'node' || Number(process.versions.node.split('.')[0]) >= 22
}
