// The property of all reads, for as many cases as the caller has time for.
import { Connection } from '@bluelet/net'
import { Scheduler } from '@bluelet/scheduler'
import fc from 'fast-check'
import { readCases, readThrough, ScriptedSocket } from './read-oracle.js'

/** Checks random reads of random streams in random pieces against the oracle. */
export function checkReads(numRuns: number, scale: number): Promise<void> {
  const property = fc.asyncProperty(readCases(scale), ({ stream, pieces, calls }) => {
    const scheduler = new Scheduler()
    const conn = new Connection(new ScriptedSocket(pieces), scheduler)
    return scheduler.run(readThrough(conn, stream, calls))
  })
  return fc.assert(property, { numRuns })
}
