/**
 * Opens the inspector for one answer after another.
 */

import { Inspection, type InspectorSession } from './inspector.js'
import { printable } from './text.js'

/** The inspector of the monitored thread, if there is one. */
export class InspectorQueue {
  readonly #open: () => InspectorSession
  #last: Promise<unknown> = Promise.resolve()

  /** @param open attaches a session to the thread; throws if it cannot */
  constructor(open: () => InspectorSession) {
    this.#open = open
  }

  /** Lines that are made with the inspector, or one that says why it cannot make them. */
  lines(make: (inspection: Inspection) => Promise<readonly string[]>): Promise<readonly string[]> {
    const lines = this.#last.then(() => this.#make(make))
    this.#last = lines
    return lines
  }

  async #make(make: (inspection: Inspection) => Promise<readonly string[]>): Promise<readonly string[]> {
    let inspection: Inspection | undefined
    try {
      inspection = new Inspection(this.#open())
      return await make(inspection)
    } catch (error) {
      return [`no lines: ${printable((error as Error).message)}`] // The inspector throws errors only.
    } finally {
      inspection?.close()
    }
  }
}

/**
 * Attaches a session to the main thread.
 *
 * @throws Error if this Node has no inspector, or the process may not use it
 */
export function openInspector(): InspectorSession {
  const { Session } = process.getBuiltinModule('node:inspector')
  const session = new Session()
  session.connectToMainThread()
  return session as InspectorSession
}
