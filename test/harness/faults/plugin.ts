// The sweep: plays a scenario once to count its operations, then once for each operation and each way in which it can fail.
import { ConnectError, ConnectionResetError, IncompleteReadError, ListenError } from '@bluelet/net'
import type { OperationKind, SimulationOptions } from '@bluelet/net/testing'
import { ClosedError } from '@bluelet/scheduler'
import { EarlyEnd, type Fault, type Scenario, Scene } from './harness.js'

/** How the system lets them fail. */
const CODES: Readonly<Record<OperationKind, readonly string[]>> = {
  lookup: ['ENOTFOUND', 'EAI_AGAIN'],
  connect: ['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EMFILE'],
  listen: ['EADDRINUSE', 'EACCES', 'EMFILE'],
  accept: ['EMFILE', 'ENFILE', 'ECONNABORTED', 'ENOBUFS', 'EAGAIN', 'EPERM'],
  read: ['ECONNRESET', 'ETIMEDOUT', 'EAGAIN', 'EINTR', 'ENOTCONN'],
  write: ['EPIPE', 'ECONNRESET', 'ETIMEDOUT', 'EAGAIN', 'EINTR', 'ENOBUFS'],
  shutdown: ['ENOTCONN', 'EPIPE'],
}

/** The call was in vain, and is to be made again. */
const IN_VAIN = new Set(['EAGAIN', 'EINTR'])

/** More of them say no more, and a run that hangs takes its time. */
const MOST_PROBLEMS = 10

export interface SweepResult {
  readonly tried: number
  /** In how many of the cases something was wrong. */
  readonly failed: number
  /** What was wrong, and with which of them. */
  readonly problems: readonly string[]
}

/**
 * Fails every operation of a scenario.
 *
 * @param ways each in every way, or each in one way, the next one in the next
 */
export async function sweep(
  scenario: Scenario,
  options: SimulationOptions,
  ways: 'all' | 'one',
): Promise<SweepResult> {
  const world = { ...options, ...scenario.world }
  const rehearsal = new Scene(undefined, world)
  await rehearsal.play(scenario)
  const expected = resultsOf(rehearsal)
  const short = [...rehearsal.results].filter(([, result]) => result !== 'all')
  const problems = [...rehearsal.problems, ...errorsOf(rehearsal), ...short].map(
    (problem) => `without a fault: ${problem}`,
  )
  let tried = 0
  let failed = 0
  for (const [number, kind] of rehearsal.kinds.entries()) {
    const codes = CODES[kind]
    const first = number % codes.length
    for (const code of ways === 'all' ? codes : codes.slice(first, first + 1)) {
      if (problems.length >= MOST_PROBLEMS) break
      const fault = { number, kind, code }
      const scene = new Scene(fault, world)
      await scene.play(scenario)
      tried++
      const found = [...scene.problems, ...problemsOf(scene, fault)]
      if (isHarmless(scenario, fault) && resultsOf(scene) !== expected)
        found.push(`expected ${expected}, got ${resultsOf(scene)}`)
      if (!isOpening(fault) && harmed(scene, rehearsal) > 1) found.push('more than one client has suffered')
      if (found.length > 0) failed++
      problems.push(...found.map((problem) => `${kind} ${number} ${code}: ${problem}`))
    }
  }
  return { tried, failed, problems }
}

/** How many of the clients that have nothing to do with each other, and therefore numbers, have not got everything. */
function harmed(scene: Scene, rehearsal: Scene): number {
  const clients = [...rehearsal.results.keys()].filter((name) => /\d$/.test(name))
  return clients.filter((name) => scene.results.get(name) !== 'all').length
}

/** Whether it must make no difference. */
function isHarmless({ survives = [] }: Scenario, { kind, code }: Fault): boolean {
  if (kind === 'accept') return code !== 'ECONNABORTED'
  return IN_VAIN.has(code) || survives.includes(kind)
}

function problemsOf(scene: Scene, fault: Fault): string[] {
  const errors = errorsOf(scene)
  const surprising = errors.filter((error) => IN_VAIN.has(fault.code) || !follows(error, fault))
  const found = surprising.map((error) => `it does not follow that ${error}`)
  const conns = scene.reports.map(({ conn }) => conn)
  if (new Set(conns).size < conns.length) found.push('a connection has failed twice')
  const reported = [...scene.reports.map(({ error }) => error), ...scene.world.reports]
  if (new Set(reported).size < reported.length) found.push('an error was reported twice')
  const { serving } = scene
  if (serving?.outcome?.kind === 'threw' && !isOpening(fault)) found.push('the server has failed')
  return found
}

/** Every error that somebody was told of. */
function errorsOf({ clients, servers, reports, noticed, world }: Scene): unknown[] {
  const failures = [...clients.failures, ...servers.failures, ...reports]
  return [...failures.map(({ error }) => error), ...noticed, ...world.reports]
}

/** Without its listener there is no server. */
function isOpening({ kind }: Fault): boolean {
  return kind === 'listen' || kind === 'lookup'
}

/** Whether an error can come of the fault. */
function follows(error: unknown, fault: Fault): boolean {
  const { code, cause } = error as { readonly code?: string; readonly cause?: unknown }
  if (error instanceof AggregateError) return error.errors.every((each) => follows(each, fault))
  if (error instanceof ClosedError) return cause !== undefined && follows(cause, fault)
  if (error instanceof ConnectError && code === 'ECONNREFUSED' && isOpening(fault)) return true
  if (error instanceof ConnectError || error instanceof ListenError) return code === fault.code
  if (error instanceof ConnectionResetError) return true
  if (error instanceof IncompleteReadError || error instanceof EarlyEnd) return true
  return error instanceof Error && error.message === `${fault.kind} ${fault.code}`
}

/** What has arrived, whatever the time that it took. */
function resultsOf({ results }: Scene): string {
  return JSON.stringify([...results].sort(([a], [b]) => (a < b ? -1 : 1)))
}
