// The part that all measured servers share: it prints the port and nothing else. On SIGUSR2 it
// collects garbage, if possible.
import process from 'node:process'

/** The size of a read, if the runtime lets the server choose it. */
export const bufferBytes = Number(process.argv[2])

/**
 * Maximum number of connections that wait in the kernel, if the runtime lets the server choose it.
 */
export const BACKLOG = 1024

/** Prints the port of the server. */
export function listening(port) {
  process.on('SIGUSR2', () => globalThis.gc())
  console.log(port)
}
