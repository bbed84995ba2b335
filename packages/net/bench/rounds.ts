// Rounds in which the servers take turns, so that other activity on the machine affects all of
// them.
import type { LeftOut } from './sides.js'

/** The measurements of one server: a number of each kind for each round. */
export type Samples = Readonly<Record<string, readonly number[]>>

/** The result of one turn. */
export type Sample = Readonly<Record<string, number>>

export interface Turns {
  /** By side. */
  readonly samples: Readonly<Record<string, Samples>>
  readonly leftOut: readonly LeftOut[]
}

/** A server that takes turns. */
export interface Contestant {
  readonly id: string
  readonly name: string
  /** @throws Error if it cannot: it is then left out of these rounds altogether */
  turn(): Promise<Sample>
}

/** @param from the name of these rounds */
export async function takeTurns(
  from: string,
  contestants: readonly Contestant[],
  rounds: number,
): Promise<Turns> {
  const leftOut: LeftOut[] = []
  const taken = new Map<Contestant, Sample[]>(contestants.map((contestant) => [contestant, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [contestant, samples] of taken) {
      try {
        samples.push(await contestant.turn())
      } catch (error) {
        taken.delete(contestant)
        leftOut.push({ side: contestant.name, from, reason: (error as Error).message })
      }
    }
  }
  return {
    samples: Object.fromEntries([...taken].map(([{ id }, samples]) => [id, byKind(samples)])),
    leftOut,
  }
}

function byKind(samples: readonly Sample[]): Samples {
  const kinds = Object.keys(samples[0] ?? {})
  return Object.fromEntries(kinds.map((kind) => [kind, samples.map((sample) => rounded(sample[kind]!))]))
}

/** Four digits, which is more than the precision of any measurement here. */
function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
