// A supervisor of processes: it starts programs, starts one that has crashed again after a pause
// that doubles each time, and ends all of them, with what they have started, when it is told to.
//
//   node --import tsx examples/supervisor.ts 'sleep 5' 'nc -l 4915'
//
// Each argument is a program with its arguments. SIGTERM and Ctrl-C end the supervisor.

import { type Input, type Process, type SignalName, signals, start } from '@bluelet/net'
import { type Coroutine, group, now, race, run, sleep, spawn } from '@bluelet/scheduler'

/** The first pause, and the longest. A program that runs for longer than that begins again. */
const [first, longest] = [Number(process.env.PAUSE_MS ?? 100), 10_000]

function* supervisor(commands: readonly string[]): Coroutine<void> {
  const endings: SignalName[] = ['SIGTERM', 'SIGINT']
  const told = signals(...endings)
  const ending = yield* race([told.next(), keepAll(commands)])
  told.close()
  console.log(ending === undefined ? 'all programs have finished' : `ended by ${ending}`)
}

function* keepAll(commands: readonly string[]): Coroutine<undefined> {
  yield* group(function* (g) {
    for (const command of commands) yield* g.spawn.with({ name: command }, keep, command)
  })
}

/** Runs a program again and again, until it has finished: with exit code 0. */
function* keep(command: string): Coroutine<void> {
  for (let pause = first; ; pause = Math.min(pause * 2, longest)) {
    const begun = now()
    const how = yield* once(command)
    console.log(`${command}: ${how}`)
    if (how === 'finished') return
    if (now() - begun > longest) pause = first
    console.log(`${command}: again in ${pause} ms`)
    yield* sleep(pause)
  }
}

/** Runs a program once, and tells how it has ended. */
function* once(command: string): Coroutine<string> {
  const [file = '', ...args] = command.split(' ')
  const program: Process & { stdout: Input } = yield* start(file, args, { stdout: 'pipe' })
  console.log(`${command}: started, process ${program.pid}`)
  const printing = yield* spawn(print, command, program.stdout)
  const { code, signal } = yield* program.exited
  yield* program.stop() // Ends what it has left behind.
  yield* printing
  return code === 0 ? 'finished' : `ended by ${signal ?? `exit code ${code}`}`
}

function* print(command: string, lines: Input): Coroutine<void> {
  const text = { encoding: 'utf8' } as const
  for (let line = yield* lines.readline('\n', text); line !== null; line = yield* lines.readline('\n', text))
    console.log(`${command}: ${line}`)
}

await run(supervisor(process.argv.slice(2)))
