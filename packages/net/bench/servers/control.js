// What every measured server does: it prints its port, and nothing else. On SIGUSR2 those that can collect their garbage.
import process from 'node:process'

/** What a server reads at once, where its runtime lets one say so. */
export const bufferBytes = Number(process.argv[2])

/** How many connections may wait in the kernel, where the runtime lets one say so. */
export const BACKLOG = 1024

/** Says where the server listens. */
export function listening(port) {
  process.on('SIGUSR2', () => globalThis.gc())
  console.log(port)
}
