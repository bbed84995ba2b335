// The built package runs wherever JavaScript runs: here in engines that have only what the language
// defines, or some features of a browser.
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runScript } from '../support/script.js'

const dist = fileURLToPath(new URL('../../packages/scheduler/dist/', import.meta.url))

/** The globals of Node that a program in such an engine must do without. */
const OF_NODE = [
  'process',
  'Buffer',
  'setImmediate',
  'require',
  'setTimeout',
  'performance',
  'MessageChannel',
  'console',
  'queueMicrotask',
]

/**
 * Runs a module, whose default export is a promise, in an engine with the given globals.
 *
 * @param given the source of an object, evaluated outside that engine
 */
async function runInEngine(program: string, given: string): Promise<unknown> {
  const { code, stdout, stderr } = await runScript(
    `
    import { readFileSync } from 'node:fs'
    import { join, dirname } from 'node:path'
    import vm from 'node:vm'

    const context = vm.createContext(${given})
    // V8 gives every context a console of its own.
    if (!('console' in ${given})) vm.runInContext('delete globalThis.console', context)
    const modules = new Map()
    function load(path) {
      const loaded = modules.get(path)
      if (loaded !== undefined) return loaded
      const module = new vm.SourceTextModule(readFileSync(path, 'utf8'), { context, identifier: path })
      modules.set(path, module)
      return module
    }
    const link = (specifier, from) => {
      if (specifier === '@bluelet/scheduler') return load(${JSON.stringify(dist)} + 'index.js')
      if (!specifier.startsWith('.')) throw new Error('imports ' + specifier)
      return load(join(dirname(from.identifier), specifier))
    }
    const main = new vm.SourceTextModule(${JSON.stringify(program)}, { context, identifier: 'main' })
    await main.link(link)
    await main.evaluate()
    console.log(JSON.stringify(await main.namespace.default))
    // A port of Node's keeps its process alive, and the host never closes the port that it listens
    // to.
    if ('MessageChannel' in ${given}) process.exit()
  `,
    ['--experimental-vm-modules', '--no-warnings'],
  )
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

const everything = `
  import { Channel, join, kill, KilledError, Latch, pause, race, run, Semaphore, spawn } from '@bluelet/scheduler'

  const log = []

  function* sender(channel) {
    for (let i = 1; i <= 3; i++) yield channel.send(i)
    channel.close()
    return 'sent'
  }

  function* receiver(channel) {
    let sum = 0
    try {
      while (true) sum += yield* channel.receive()
    } catch (error) {
      log.push(error.name)
    }
    return sum
  }

  function* victim() {
    try {
      yield new Latch().wait()
    } catch (error) {
      log.push(error.name)
      throw error
    } finally {
      yield pause()
      log.push('cleaned up')
    }
  }

  export default run(function* main() {
    const channel = new Channel({ capacity: 1 })
    const sending = yield* spawn(sender, channel)
    const receiving = yield* spawn(receiver, channel)
    log.push(yield* join(sending), yield* join(receiving))
    const task = yield* spawn(victim)
    yield pause()
    yield* kill(task)
    try {
      yield task
    } catch (error) {
      log.push(error instanceof KilledError)
    }
    log.push((yield* race([pause(), new Latch().wait()])) === undefined)
    log.push(yield Promise.resolve('promise'))
    return log
  })
`

const expected = ['ClosedError', 'sent', 6, 'Cancelled', 'cleaned up', true, true, 'promise']

describe('the built package', () => {
  it('runs in an engine that has only the language', async () => {
    const missing = `export default Promise.resolve(${JSON.stringify(OF_NODE)}.filter((name) => name in globalThis))`

    const present = await runInEngine(missing, '{}')
    const log = await runInEngine(everything, '{}')

    expect(present).toEqual([])
    expect(log).toEqual(expected)
  })

  it('detects a deadlock there', async () => {
    const error = await runInEngine(
      `import { Latch, run } from '@bluelet/scheduler'
       export default run(function* main() { yield new Latch().wait() }).catch((error) => error.message)`,
      '{}',
    )

    expect(error).toMatch(/main#1 waits for/)
  })

  it('throws when a task sleeps there, since there are no timers', async () => {
    const error = await runInEngine(
      `import { run, sleep } from '@bluelet/scheduler'
       export default run(function* main() { yield sleep(1) }).catch((error) => error.message)`,
      '{}',
    )

    expect(error).toMatch(/setTimeout|timer/)
  })

  it('runs in an engine with the timers and the clock of a browser, and sleeps', async () => {
    const slept = await runInEngine(
      `import { run, sleep, timeout, TimeoutError } from '@bluelet/scheduler'
       const began = performance.now()
       export default run(function* main() {
         yield sleep(5)
         try {
           yield timeout(5, sleep(1e9))
         } catch (error) {
           return [error instanceof TimeoutError, performance.now() - began >= 10]
         }
       })`,
      '{ setTimeout, clearTimeout, performance }',
    )
    const log = await runInEngine(everything, '{ setTimeout, clearTimeout, performance }')

    expect(slept).toEqual([true, true])
    expect(log).toEqual(expected)
  })

  it('runs over a MessageChannel, as in a browser', async () => {
    const log = await runInEngine(everything, '{ MessageChannel, setTimeout, clearTimeout, performance }')

    expect(log).toEqual(expected)
  })

  it('performs an event that is awaited there', async () => {
    const value = await runInEngine(
      `import { Channel } from '@bluelet/scheduler'
       const channel = new Channel()
       channel.trySend(42)
       export default (async () => await channel.receive())()`,
      '{}',
    )

    expect(value).toBe(42)
  })
})
