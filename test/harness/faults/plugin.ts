// The fault sweep: runs a scenario once to count its operations, then once for each operation and
// each way in which it can fail.
import {
  ConnectError,
  ConnectionResetError,
  DatagramError,
  IncompleteReadError,
  ListenError,
} from '@bluelet/net'
import type { OperationKind, SimulationOptions } from '@bluelet/net/testing'
import { ClosedError, TimeoutError } from '@bluelet/scheduler'
import type { Sweep } from '../harness.js'
import type { Transport } from '../transport.js'
import { EarlyEnd, type Fault, FaultHarness, type Scenario } from './harness.js'

/** How the system lets them fail. */
const CODES: Readonly<Record<OperationKind, readonly string[]>> = {
  lookup: ['ENOTFOUND', 'EAI_AGAIN'],
  connect: ['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EMFILE'],
  listen: ['EADDRINUSE', 'EACCES', 'EMFILE'],
  accept: ['EMFILE', 'ENFILE', 'ECONNABORTED', 'ENOBUFS', 'EAGAIN', 'EPERM'],
  read: ['ECONNRESET', 'ETIMEDOUT', 'EAGAIN', 'EINTR', 'ENOTCONN'],
  write: ['EPIPE', 'ECONNRESET', 'ETIMEDOUT', 'EAGAIN', 'EINTR', 'ENOBUFS'],
  shutdown: ['ENOTCONN', 'EPIPE'],
  bind: ['EADDRINUSE', 'EACCES', 'EMFILE'],
  receive: ['ECONNREFUSED', 'EAGAIN', 'EINTR'],
  send: ['ECONNREFUSED', 'EPERM', 'ENETUNREACH', 'EAGAIN', 'EINTR'],
}

/** The call did nothing, and is to be made again. */
const WITHOUT_EFFECT = new Set(['EAGAIN', 'EINTR'])

/**
 * Fails every operation of a scenario.
 *
 * @param options of the network
 * @param ways each in every way, or each in one way, the next one in the next
 * @param transport what the connections are over. Default: the bare network
 */
export function faults(
  options: SimulationOptions,
  ways: 'all' | 'one',
  transport?: Transport,
): Sweep<Scenario, FaultHarness, Fault> {
  return {
    async run(scenario, fault) {
      const harness = new FaultHarness(fault, { ...options, ...scenario.world }, transport)
      await harness.run(scenario)
      return harness
    },
    disturbances: ({ kinds }) => kinds.flatMap((kind, number) => faultsOf(kind, number, ways)),
    judge: (harness, scenario, fault, undisturbed) =>
      fault === undefined
        ? problemsOfUndisturbed(harness)
        : [
            ...harness.problems,
            ...problemsOf(harness, scenario, fault, undisturbed, transport !== undefined),
          ],
    name: ({ kind, number, code }) => `${kind} ${number} ${code}`,
  }
}

function faultsOf(kind: OperationKind, number: number, ways: 'all' | 'one'): Fault[] {
  const codes = CODES[kind]
  const first = number % codes.length
  return (ways === 'all' ? codes : codes.slice(first, first + 1)).map((code) => ({ number, kind, code }))
}

function problemsOfUndisturbed(harness: FaultHarness): string[] {
  const short = [...harness.results].filter(([, result]) => result !== 'all')
  return [...harness.problems, ...errorsOf(harness).map(String), ...short.map(String)]
}

/**
 * How many of the clients that have nothing to do with each other, and therefore numbers, have not
 * got everything.
 */
function harmed(harness: FaultHarness, undisturbed: FaultHarness): number {
  const clients = [...undisturbed.results.keys()].filter((name) => /\d$/.test(name))
  return clients.filter((name) => harness.results.get(name) !== 'all').length
}

/** Whether it must make no difference. */
function isHarmless({ survives = [] }: Scenario, { kind, code }: Fault): boolean {
  if (kind === 'accept') return code !== 'ECONNABORTED'
  return WITHOUT_EFFECT.has(code) || survives.includes(kind)
}

function problemsOf(
  harness: FaultHarness,
  scenario: Scenario,
  fault: Fault,
  undisturbed: FaultHarness,
  handshakes: boolean,
): string[] {
  const expected = resultsOf(undisturbed)
  const errors = errorsOf(harness)
  const surprising = errors.filter(
    (error) =>
      WITHOUT_EFFECT.has(fault.code) || !(follows(error, fault) || (handshakes && isHandshake(error))),
  )
  const found = surprising.map((error) => `it does not follow that ${error}`)
  const conns = harness.reports.map(({ conn }) => conn)
  if (new Set(conns).size < conns.length) found.push('a connection has failed twice')
  const reported = [...harness.reports.map(({ error }) => error), ...harness.world.reports]
  if (new Set(reported).size < reported.length) found.push('an error was reported twice')
  const { serving } = harness
  if (serving?.outcome?.kind === 'threw' && !isOpening(fault)) found.push('the server has failed')
  if (isHarmless(scenario, fault) && resultsOf(harness) !== expected)
    found.push(`expected ${expected}, got ${resultsOf(harness)}`)
  if (!isOpening(fault) && harmed(harness, undisturbed) > 1) found.push('more than one client has suffered')
  return found
}

/** Every error that was thrown or reported. */
function errorsOf({ clients, servers, reports, noticed, world }: FaultHarness): unknown[] {
  const failures = [...clients.failures, ...servers.failures, ...reports]
  return [...failures.map(({ error }) => error), ...noticed, ...world.reports]
}

/** Without its listener, or its socket for datagrams, there is no server. */
function isOpening({ kind }: Fault): boolean {
  return kind === 'listen' || kind === 'lookup' || kind === 'bind'
}

/** Whether an error can come of the fault. */
function follows(error: unknown, fault: Fault): boolean {
  const { code, cause } = error as { readonly code?: string; readonly cause?: unknown }
  if (error instanceof AggregateError) return error.errors.every((each) => follows(each, fault))
  if (error instanceof ClosedError) return cause !== undefined && follows(cause, fault)
  const refused = error instanceof ConnectError || error instanceof DatagramError
  if (refused && code === 'ECONNREFUSED' && isOpening(fault)) return true
  if (error instanceof ConnectError || error instanceof ListenError) return code === fault.code
  if (error instanceof DatagramError) return code === fault.code
  // A datagram has been lost.
  if (error instanceof TimeoutError) return ['bind', 'send', 'receive'].includes(fault.kind)
  if (error instanceof ConnectionResetError) return true
  if (error instanceof IncompleteReadError || error instanceof EarlyEnd) return true
  return error instanceof Error && error.message === `${fault.kind} ${fault.code}`
}

/** Whether it is a connection that has failed in its handshake, whichever operation that was. */
function isHandshake(error: unknown): boolean {
  return error instanceof ConnectError && error.code === 'ECONNRESET'
}

/** What has arrived, whatever the time that it took. */
function resultsOf({ results }: FaultHarness): string {
  return JSON.stringify([...results].sort(([a], [b]) => (a < b ? -1 : 1)))
}
