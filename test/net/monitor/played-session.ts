// An inspector whose answers a test gives.
import type { InspectorSession } from '../../../packages/net/src/monitor/inspector.js'

/** A session whose answers the test gives. */
export class PlayedSession implements InspectorSession {
  readonly posted: string[] = []
  closed = false
  readonly #listeners = new Map<string, (message: { params: unknown }) => void>()
  readonly #answer: (method: string, session: PlayedSession, params: object) => unknown

  constructor(answer: (method: string, session: PlayedSession, params: object) => unknown) {
    this.#answer = answer
  }

  post(method: string, params: object, done: (error: Error | null, result?: unknown) => void): void {
    this.posted.push(method)
    const answer = this.#answer(method, this, params)
    if (answer instanceof Error) done(answer)
    else if (answer !== undefined) done(null, answer)
  }

  on(event: string, listener: (message: { params: unknown }) => void): void {
    this.#listeners.set(event, listener)
  }

  tell(event: string, params: unknown): void {
    this.#listeners.get(event)?.({ params })
  }

  disconnect(): void {
    this.closed = true
  }
}

/** A value in the thread that the inspector shows. */
interface Remote {
  readonly objectId?: string
  readonly [member: string]: unknown
}

/**
 * The answers of a thread in which one expression gives an array, and where objects have these
 * properties.
 */
export function threadWith(
  objects: Readonly<Record<string, object>>,
): (method: string, session: PlayedSession, params: object) => unknown {
  return (method, session, params) => {
    const { objectId = '' } = params as { objectId?: string }
    if (method === 'Runtime.evaluate')
      return { result: { type: 'object', objectId: 'array' } satisfies Remote }
    if (method === 'Runtime.getProperties') return { result: [], ...objects[objectId] }
    if (method === 'Debugger.enable') {
      session.tell('Debugger.scriptParsed', { scriptId: '1', url: 'file:///app/a%20b.js' })
    }
    return {}
  }
}

/** A property as the inspector shows it. */
export function property(name: string, value?: Remote): object {
  return { name, ...(value === undefined ? {} : { value }) }
}
