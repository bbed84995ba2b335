// Real programs: started, listened to, and never left behind.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'
import { compiledFile } from './compiled.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** No test waits longer than this for a program. */
const PATIENCE_MS = 20_000

const running = new Set<ChildProcess>()

process.on('exit', killAll)

/** How a program ended: by itself, with a code, or by a signal. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** How a program is started. */
export interface ProgramOptions {
  /** Whether there is a channel to it, for {@link Program.ask}: only programs of Node have one. */
  readonly channel?: boolean
  /** Descriptors that it inherits as 3, 4 and so on; without a channel. */
  readonly inherits?: readonly number[]
}

/** A program that has been started, and what it has printed so far. */
export class Program {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  exit: Exit | null = null
  readonly #conditions = new Set<() => void>()
  /** Messages from its channel that no test has waited for yet. */
  readonly #messages: unknown[] = []

  constructor(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    { channel = false, inherits = [] }: ProgramOptions = {},
  ) {
    this.child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['pipe', 'pipe', 'pipe', ...(channel ? ['ipc' as const] : []), ...inherits],
    })
    running.add(this.child)
    this.child.on('message', (message) => {
      this.#messages.push(message)
      this.#changed()
    })
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk
      this.#changed()
    })
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk
      this.#changed()
    })
    // A program that has ended before it read its input says so in its own way.
    this.child.stdin?.on('error', () => {})
    this.child.on('error', (error) => {
      this.stderr += error
      this.#end({ code: null, signal: null })
    })
    this.child.on('close', (code, signal) => this.#end({ code, signal }))
  }

  /** Writes to its standard input. */
  write(data: string | Uint8Array): this {
    this.child.stdin?.write(data)
    return this
  }

  /** Ends its standard input. */
  end(): this {
    this.child.stdin?.end()
    return this
  }

  kill(signal: NodeJS.Signals): this {
    this.child.kill(signal)
    return this
  }

  /** Waits until it has printed what matches. */
  async printed(pattern: RegExp, patienceMs = PATIENCE_MS): Promise<RegExpExecArray> {
    await this.#until(`${pattern}`, () => pattern.test(this.stdout) || this.exit !== null, patienceMs)
    const match = pattern.exec(this.stdout)
    if (match === null) throw new Error(`it has ended without ${pattern}: ${this}`)
    return match
  }

  /** Waits until it has said on standard error that it is ready. */
  async ready(pattern: RegExp): Promise<void> {
    await this.#until(`${pattern}`, () => pattern.test(this.stderr) || this.exit !== null)
  }

  /** Asks it over its channel, and waits for the answer: one question at a time. */
  async ask(question: unknown, patienceMs = PATIENCE_MS): Promise<unknown> {
    this.child.send(question as object) // Whatever can be told as JSON.
    return this.told(patienceMs)
  }

  /** Waits for what it says next over its channel. */
  async told(patienceMs = PATIENCE_MS): Promise<unknown> {
    await this.#until('an answer', () => this.#messages.length > 0 || this.exit !== null, patienceMs)
    if (this.#messages.length === 0) throw new Error(`it has ended without an answer: ${this}`)
    return this.#messages.shift()
  }

  /** Waits until it has ended. */
  async ended(patienceMs = PATIENCE_MS): Promise<Exit> {
    await this.#until('its end', () => this.exit !== null, patienceMs)
    return this.exit as Exit // Just waited for.
  }

  toString(): string {
    const { stdout, stderr, exit, child } = this
    return JSON.stringify({ command: child.spawnargs, exit, stdout, stderr })
  }

  #end(exit: Exit): void {
    running.delete(this.child)
    this.exit = exit
    this.#changed()
  }

  async #until(what: string, condition: () => boolean, patienceMs = PATIENCE_MS): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!condition()) return
        clearTimeout(timer)
        this.#conditions.delete(check)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#conditions.delete(check)
        reject(new Error(`waited ${patienceMs} ms without success for ${what}: ${this}`))
      }, patienceMs)
      this.#conditions.add(check)
    })
  }

  #changed(): void {
    for (const check of [...this.#conditions]) check()
  }
}

/** Starts a program in the root of the repository. */
export function start(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  options: ProgramOptions = {},
): Program {
  return new Program(command, args, env, options)
}

/** Starts a file of TypeScript, given from the root of the repository. */
export function startTypeScript(file: string, env: NodeJS.ProcessEnv = {}): Program {
  return start(...typeScript(file), env)
}

/** Starts a server in TypeScript on a port that is free, which it prints as `on port 49152`. */
export async function startServing(
  file: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly server: Program; readonly port: string }> {
  const server = startTypeScript(file, { PORT: '0', ...env })
  const [, port] = await server.printed(/on port (\d+)/)
  return { server, port: port! }
}

/**
 * The command that runs a program in TypeScript, given from the root of the repository, as what
 * build.ts has made of it.
 */
export function typeScript(file: string, args: readonly string[] = []): [string, string[]] {
  return javaScript(compiledFile(file), args)
}

/** The command that runs a file of TypeScript with nothing built, as `pnpm start` does. */
export function fromSources(file: string, args: readonly string[] = []): [string, string[]] {
  return [process.execPath, ['--import', 'tsx', file, ...args]]
}

/**
 * The command that runs what was compiled: its stacks have the lines of the source, as they have by
 * tsx.
 */
export function javaScript(file: string, args: readonly string[] = []): [string, string[]] {
  return [process.execPath, ['--enable-source-maps', file, ...args]]
}

/** Kills what a test of the calling file has left. */
export function leavesNothingRunning(): void {
  afterEach(killAll)
}

/** Why tests with this program are skipped; null if it is there. */
export function missing(command: string, args: readonly string[]): string | null {
  const { error } = spawnSync(command, args)
  return error === undefined ? null : `${command} is not installed`
}

/** The title of a test, with the reason if it is skipped. */
export function named(title: string, reason: string | null): string {
  return reason === null ? title : `${title} (skipped: ${reason})`
}

function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
