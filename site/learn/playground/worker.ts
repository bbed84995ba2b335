/**
 * The worker in which a program runs: one request, one report. It serves browsers, and Node for the
 * tests of lessons.
 */

import './buffer.js'
import { Choices } from './choices.js'
import type { Module } from './compile.js'
import { replaceGlobals } from './globals.js'
import { libraries } from './libraries.js'
import type { End, Report, Request } from './protocol.js'
import { type Real, Runner } from './runner.js'

/** The way to the frame. What a program does to the global object does not change it. */
export interface Line {
  send(report: Report): void
  /** Makes the address of a module. */
  moduleOf(code: string): string
}

/** More schedules than this are not tried, and no longer than for so many milliseconds. */
const MAX_SCHEDULES = 5_000
const MAX_EXPLORATION = 12_000

const { MessageChannel, setInterval, clearInterval, performance } = globalThis
const clock = performance.now.bind(performance)
const evaluate = (address: string): Promise<unknown> => import(address)

const real: Real = {
  now: clock,
  every(ms, call) {
    const timer = setInterval(call, ms)
    return () => clearInterval(timer)
  },
  soon() {
    const { port1, port2 } = new MessageChannel()
    return new Promise((resolve) => {
      port1.onmessage = () => {
        port1.close()
        resolve()
      }
      port2.postMessage(null)
    })
  },
}

/** Does what is asked for. */
export async function perform(request: Request, line: Line): Promise<void> {
  let current: Runner | null = null
  const runner = (): Runner => {
    if (current === null) throw new Error('no program runs')
    return current
  }
  const pending = replaceGlobals({
    now: () => runner().now(),
    soon: (callback) => runner().soon(callback),
    at: (deadline, callback) => runner().at(deadline, callback),
    cancel: (timer) => runner().cancel(timer),
    print: (text) => runner().print(text),
    random: () => runner().random(),
    turn: () => runner().turn(),
  })
  Object.assign(globalThis, {
    __at: (...args: Parameters<Runner['at_']>) => runner().at_(...args),
    __tick: (place: number) => runner().tick(place),
  })
  listenForRejections((error) => current?.failed(error))

  const attempt = async (next: Runner): Promise<End> => {
    current = next
    const addresses = new Map(shims(next, line))
    void next.perform(
      () => evaluate(load(request.modules, addresses, line)),
      () => pending.size,
    )
    return await next.end
  }

  if (request.kind === 'explore') {
    line.send(await explore(request, attempt))
    return
  }
  const schedule = request.schedule === undefined ? undefined : Choices.from(request.schedule)
  const only = new Runner(request, real, true, schedule)
  only.onHang = (end) => {
    line.send(only.report(end))
    while (true) {} // Until the frame ends this worker: the program could catch an error.
  }
  line.send(only.report(await attempt(only)))
}

/** Runs the program under one schedule after the other, until it fails. */
async function explore(request: Request, attempt: (runner: Runner) => Promise<End>): Promise<Report> {
  const begun = clock()
  const report = (end: End, runs: number, failing: string | null, all: boolean): Report => ({
    ...{ end, trace: '', terminals: [], listens: false },
    explored: { runs, failing, all },
  })
  let choices: readonly number[] | null = []
  for (let runs = 1; ; runs++) {
    const schedule: Choices = new Choices(choices)
    const end = await attempt(new Runner(request, real, false, schedule))
    // A program that does not end goes on beside the next one, which would not be the same.
    if (end.how !== 'returned' && end.how !== 'waits') return report(end, runs, String(schedule), false)
    choices = schedule.next()
    if (choices === null) return report(end, runs, null, true)
    if (runs >= MAX_SCHEDULES || clock() - begun > MAX_EXPLORATION) return report(end, runs, null, false)
  }
}

/** The addresses of modules that export what the libraries do. */
function* shims(runner: Runner, line: Line): Iterable<[string, string]> {
  const key = `__libraries${++made}`
  const all = libraries(runner)
  Object.defineProperty(globalThis, key, { value: all })
  for (const [name, exports] of Object.entries(all)) {
    const names = Object.keys(exports).filter((each) => /^[A-Za-z_$][\w$]*$/.test(each) && each !== 'default')
    const values = names.map(
      (each, i) => `const _${i}=all[${JSON.stringify(each)}];export{_${i} as ${each}};`,
    )
    yield [name, line.moduleOf(`const all=globalThis.${key}[${JSON.stringify(name)}];${values.join('')}`)]
  }
}

let made = 0

/** The address of the program. */
function load(modules: readonly Module[], addresses: Map<string, string>, line: Line): string {
  let address = ''
  for (const { name, code } of modules) {
    const linked = code.replace(/'bluelet-module:([^'\n]*)'/g, (all, target: string) => {
      const found = addresses.get(target)
      return found === undefined ? all : JSON.stringify(found)
    })
    address = line.moduleOf(`${linked}\n//# sourceURL=${name}`)
    addresses.set(name, address)
  }
  return address
}

function listenForRejections(failed: (error: unknown) => void): void {
  globalThis.addEventListener?.('unhandledrejection', (event) => {
    event.preventDefault()
    failed(event.reason)
  })
}
