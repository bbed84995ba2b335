/**
 * The monitored thread, as its inspector shows it: also while its loop hangs. It is used for one
 * answer at a time, and is detached between them, since a thread with a debugger is slower.
 *
 * It pauses the thread only to see the frames of a step that hangs, for a millisecond. It leaves a
 * thread alone that another debugger has paused.
 */

/**
 * How long the thread may take, in milliseconds. JavaScript of any kind answers within some
 * milliseconds; a call of the system or of an addon does not.
 */
const PATIENCE = 300

/** The object group of what an answer looks at: the thread keeps its objects until then. */
const GROUP = 'monitor'

/** The number of frames that are shown. */
const MAX_FRAMES = 12

/** A session with the inspector of the monitored thread, as `node:inspector` has it. */
export interface InspectorSession {
  post(method: string, params: object, done: (error: Error | null, result?: unknown) => void): void
  on(event: string, listener: (message: { params: unknown }) => void): unknown
  disconnect(): void
}

/** A value in the thread. */
export interface RemoteValue {
  readonly type: string
  readonly subtype?: string
  readonly value?: unknown
  readonly description?: string
  readonly objectId?: string
  readonly preview?: RemotePreview
}

/** The first properties of an object. */
export interface RemotePreview {
  readonly overflow: boolean
  readonly properties: readonly { readonly name: string; readonly value?: string }[]
}

/** A property of an object in the thread. */
export interface RemoteProperty {
  readonly name: string
  readonly value?: RemoteValue
}

/** The properties of an object, and those that only a debugger sees. */
export interface RemoteProperties {
  readonly result: readonly RemoteProperty[]
  readonly internalProperties?: readonly RemoteProperty[]
}

interface Location {
  readonly scriptId: string
  readonly lineNumber: number
  readonly columnNumber?: number
}

interface Paused {
  readonly callFrames: readonly { readonly functionName: string; readonly location: Location }[]
}

/** One answer of the inspector. */
export class Inspection {
  readonly #session: InspectorSession
  readonly #patience: number
  /** The files of the scripts by their ids; null until they are needed. */
  #files: Promise<ReadonlyMap<string, string>> | null = null
  /** Receives the frames of a pause that was asked for. */
  #onPaused: ((paused: Paused) => void) | null = null
  /** Another debugger has paused the thread. */
  #pausedBefore = false

  /** @param patience how long the thread may take, in milliseconds */
  constructor(session: InspectorSession, patience: number = PATIENCE) {
    this.#session = session
    this.#patience = patience
    session.on('Debugger.paused', ({ params }) => this.#paused(params as Paused))
  }

  /** The value of an expression in the thread, as JSON can hold it. */
  async evaluate(expression: string): Promise<unknown> {
    return (await this.#evaluated(expression, true)).value
  }

  /** The elements of an array in the thread. */
  async elements(expression: string): Promise<RemoteValue[]> {
    const array = await this.#evaluated(expression, false)
    const { result } = await this.properties(array)
    return result.flatMap(({ name, value }) => (/^\d+$/.test(name) && value !== undefined ? [value] : []))
  }

  /** The properties of an object. */
  properties({ objectId }: RemoteValue, generatePreview = false): Promise<RemoteProperties> {
    return this.#post('Runtime.getProperties', { objectId, ownProperties: true, generatePreview })
  }

  /** A place as `file:line:column`. */
  async place({ scriptId, lineNumber, columnNumber = 0 }: Location): Promise<string> {
    const files = await this.#debugging()
    const url = files.get(scriptId) ?? ''
    return `${url === '' ? 'unknown' : fileOf(url)}:${lineNumber + 1}:${columnNumber + 1}`
  }

  /**
   * The frames of what runs right now, innermost first.
   *
   * @returns undefined if nothing runs, or nothing of JavaScript
   * @throws Error if another debugger has paused the thread
   */
  async frames(): Promise<string[] | undefined> {
    await this.#debugging()
    if (this.#pausedBefore) throw new Error('another debugger has paused the program')
    const pausing = new Promise<Paused>((resolve) => {
      this.#onPaused = resolve
    })
    void this.#post('Debugger.pause', {}).catch(() => {})
    const paused = await Promise.race([pausing, after(this.#patience)])
    if (paused === undefined) return undefined
    const frames = paused.callFrames.slice(0, MAX_FRAMES)
    return Promise.all(
      frames.map(async ({ functionName, location }) => {
        const place = await this.place(location)
        return functionName === '' ? place : `${functionName} (${place})`
      }),
    )
  }

  /** Leaves the thread as it was. */
  close(): void {
    this.#session.disconnect()
  }

  async #evaluated(expression: string, returnByValue: boolean): Promise<RemoteValue> {
    const parameters = { expression, returnByValue, objectGroup: GROUP, silent: true }
    const { result, exceptionDetails } = await this.#post<{
      result: RemoteValue
      exceptionDetails?: { exception?: RemoteValue; text: string }
    }>('Runtime.evaluate', parameters)
    if (exceptionDetails === undefined) return result
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
  }

  /** Learns which scripts there are, once. */
  #debugging(): Promise<ReadonlyMap<string, string>> {
    this.#files ??= this.#enable()
    return this.#files
  }

  async #enable(): Promise<ReadonlyMap<string, string>> {
    const files = new Map<string, string>()
    this.#session.on('Debugger.scriptParsed', ({ params }) => {
      const { scriptId, url } = params as { scriptId: string; url: string }
      files.set(scriptId, url)
    })
    await this.#post('Debugger.enable', {})
    return files
  }

  #paused(paused: Paused): void {
    if (this.#onPaused === null) {
      this.#pausedBefore = true
      return
    }
    this.#onPaused(paused)
    void this.#post('Debugger.resume', {}).catch(() => {})
  }

  #post<R>(method: string, parameters: object): Promise<R> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(reject, this.#patience, new Error('the program does not answer its inspector'))
      this.#session.post(method, parameters, (error, result) => {
        clearTimeout(timer)
        if (error === null) resolve(result as R)
        else reject(error)
      })
    })
  }
}

/** Resolves without a value after a time in milliseconds. */
function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined))
}

function fileOf(url: string): string {
  return url.startsWith('file://') ? decodeURI(url.slice('file://'.length)) : url
}
