// Random programs as an arbitrary of fast-check, which makes one that fails smaller for as long as
// it fails.
import fc from 'fast-check'
import { type Block, generate, type Statement, textOf, type Vocabulary } from './programs.js'

/** Programs that run side by side. */
export type Batch = readonly Statement[]

/** Batches of so many random programs. */
export function batches(size: number, vocabulary: Vocabulary): fc.Arbitrary<Batch> {
  return new Batches(size, vocabulary)
}

export function textOfBatch(batch: Batch): string {
  return batch.map(textOf).join('\n\n')
}

class Batches extends fc.Arbitrary<Batch> {
  readonly #size: number
  readonly #vocabulary: Vocabulary

  constructor(size: number, vocabulary: Vocabulary) {
    super()
    this.#size = size
    this.#vocabulary = vocabulary
  }

  override generate(random: fc.Random): fc.Value<Batch> {
    const batch = Array.from({ length: this.#size }, () => generate(random.nextInt(), this.#vocabulary))
    return new fc.Value<Batch>(batch, undefined)
  }

  override canShrinkWithoutContext(value: unknown): value is Batch {
    return Array.isArray(value)
  }

  override shrink(batch: Batch): fc.Stream<fc.Value<Batch>> {
    return fc.stream(smallerBatches(batch)).map((smaller) => new fc.Value(smaller, undefined))
  }
}

/** Each program alone, then each batch with one less, then with one that is smaller. */
function* smallerBatches(batch: Batch): Generator<Batch> {
  if (batch.length > 1) for (const program of batch) yield [program]
  if (batch.length > 2) for (const program of batch) yield batch.filter((other) => other !== program)
  for (const [i, program] of batch.entries())
    for (const each of smaller(program)) yield batch.map((other, k) => (k === i ? each : other))
}

/** Each way to make a statement smaller by one step, the largest steps first. */
function* smaller(statement: Statement): Generator<Statement> {
  const { kind, n, how, body, caught, last } = statement
  if (caught !== null) yield { ...statement, caught: null }
  if (last !== null) yield { ...statement, last: null }
  for (const block of smallerBlocks(body)) yield { ...statement, body: block }
  if (caught !== null) for (const block of smallerBlocks(caught)) yield { ...statement, caught: block }
  if (last !== null) for (const block of smallerBlocks(last)) yield { ...statement, last: block }
  if (how > 0) yield { ...statement, how: 0 }
  if (n > (kind === 'loop' ? 1 : 0)) yield { ...statement, n: n - 1 }
}

function* smallerBlocks(block: Block): Generator<Block> {
  for (const [i, statement] of block.entries()) {
    const before = block.slice(0, i)
    const after = block.slice(i + 1)
    yield [...before, ...after]
    for (const inner of [statement.body, statement.caught, statement.last]) {
      if (inner !== null && inner.length > 0) yield [...before, ...inner, ...after]
    }
    for (const each of smaller(statement)) yield [...before, each, ...after]
  }
}
