// The property that all reads match the oracle, for a given number of cases.
import { Connection } from '@bluelet/net'
import { Scheduler } from '@bluelet/scheduler'
import { runtimeOf } from '@bluelet/scheduler/lowlevel'
import fc from 'fast-check'
import { readCases, readThrough, ScriptedSocket } from './read-oracle.js'

/** Compares random reads of random streams in random pieces with the oracle. */
export function checkReads(numRuns: number, scale: number): Promise<void> {
  const property = fc.asyncProperty(readCases(scale), ({ stream, pieces, calls }) => {
    const scheduler = new Scheduler()
    const conn = new Connection(new ScriptedSocket(pieces), runtimeOf(scheduler))
    return scheduler.run(readThrough(conn, stream, calls))
  })
  return fc.assert(property, { numRuns })
}
