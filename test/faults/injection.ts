// System errors injected by strace: the process gets them instead of the result of a call.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { missing, type Program, start } from '../support/program.js'
import { reachedIn } from './patience.js'

/** Attaches strace to a child, as to a server. It ends at once where that is forbidden. */
const TRIAL = 'sleep 9 & timeout 0.5 strace -o /dev/null -p $!; code=$?; kill $!; exit $code'

/** The exit code of `timeout` if the time was up. */
const TIMED_OUT = 124

/** Why errors cannot be injected here, or null if they can. */
export function whyNoInjection(): string | null {
  if (process.platform !== 'linux') return 'needs Linux'
  const absent = missing('strace', ['-V'])
  if (absent !== null) return absent
  return spawnSync('bash', ['-c', TRIAL]).status === TIMED_OUT ? null : 'strace may not trace here'
}

/** An injection of errors, until `end` is called. */
export class Injection {
  readonly #strace: Program
  readonly #pid: number

  constructor(strace: Program, pid: number) {
    this.#strace = strace
    this.#pid = pid
  }

  /** Begins: the first calls fail, those of one socket only if it is given. */
  static async begin(
    pid: number,
    { calls, error, times, socket }: { calls: string; error: string; times: number; socket?: string },
  ): Promise<Injection> {
    const only = socket === undefined ? [] : ['-P', socket]
    const what = [`trace=${calls}`, `inject=${calls}:error=${error}:when=1..${times}`].flatMap((part) => [
      '-e',
      part,
    ])
    const strace = start('strace', ['-p', `${pid}`, ...only, ...what])
    const attached = await reachedIn(8000, () => tracerOf(pid) !== 0 && /attached/.test(strace.stderr))
    if (!attached) throw new Error(`strace did not attach: ${strace}`)
    return new Injection(strace, pid)
  }

  /** The number of calls that failed so far. */
  get count(): number {
    return this.#strace.stderr.split('(INJECTED)').length - 1
  }

  /** Ends the injection; gives the number of calls that failed. */
  async end(): Promise<number> {
    await this.#strace.kill('SIGINT').ended()
    await reachedIn(8000, () => tracerOf(this.#pid) === 0)
    return this.count
  }
}

function tracerOf(pid: number): number {
  return Number(/^TracerPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1])
}
