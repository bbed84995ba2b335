// Runs programs as the playground does, without a browser: in the same worker, on a thread of Node.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { parse, type Trace } from '@bluelet/scheduler/trace'
import { compile, type Program } from '../../site/learn/playground/compile.js'
import { LIMITS, type Report, type Request } from '../../site/learn/playground/protocol.js'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** What the build of the playground gives; it is plain JavaScript. */
interface Build {
  workerScript(where: 'node'): Promise<string>
  playgroundFiles(): Promise<Readonly<Record<string, string>>>
}

export const builder = (): Promise<Build> =>
  import(new URL('../../site/learn/playground/build.js', import.meta.url).href)

let script: Promise<string> | null = null

export interface Run extends Omit<Report, 'trace'> {
  readonly trace: Trace
  /** The trace as text. */
  readonly text: string
}

/** Runs a program. What is not given is as it is on the page at first. */
export async function play(
  program: Program,
  request: Partial<Request> = {},
  instrument = true,
): Promise<Run> {
  script ??= builder().then((build) => build.workerScript('node'))
  const worker = new Worker(`const { parentPort } = require('node:worker_threads');${await script}`, {
    eval: true,
    execArgv: [],
  })
  const whole: Request = {
    ...{ kind: 'run', settings: {}, inputs: [], limits: LIMITS, sources: program.files },
    modules: compile(program, instrument),
    ...request,
  }
  try {
    const report = await new Promise<Report>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.postMessage(whole)
    })
    const trace = report.trace === '' ? EMPTY : parse(report.trace)
    return { ...report, trace, text: report.trace }
  } finally {
    await worker.terminate()
  }
}

const EMPTY: Trace = {
  header: { schema: 'bluelet-trace/1', clock: 'virtual', unit: 'ms', dropped: 0 },
  events: [],
}

/** A program of one file. */
export function program(text: string): Program {
  return { main: 'program.ts', files: { 'program.ts': text } }
}

/** A program of the repository, with the files that it imports. */
export function programOf(file: string, files: Record<string, string> = {}): Program {
  const text = readFileSync(path.join(root, file), 'utf8')
  files[path.basename(file)] = text
  for (const [, name] of text.matchAll(/from '\.\/([\w-]+)\.js'/g)) {
    if (files[`${name}.ts`] === undefined) programOf(path.join(path.dirname(file), `${name}.ts`), files)
  }
  return { main: path.basename(file), files }
}

/** What a program has printed. */
export function outputOf({ events }: Trace): string {
  return events.map((event) => (event.e === 'log' ? `${event.text}\n` : '')).join('')
}
