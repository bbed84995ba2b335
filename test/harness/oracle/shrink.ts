// Makes a program that fails smaller, for as long as it fails.
import type { Block, Statement } from './programs.js'

/** A program that cannot be made smaller after this many tries is small enough. */
const MOST_TRIES = 20_000

/**
 * The smallest program found that still fails.
 *
 * @param fails whether a program fails
 */
export function shrink(program: Statement, fails: (program: Statement) => boolean): Statement {
  let smallest = program
  let tries = 0
  for (let found = true; found; ) {
    found = false
    for (const candidate of smaller(smallest)) {
      if (++tries > MOST_TRIES) return smallest
      if (!fails(candidate)) continue
      smallest = candidate
      found = true
      break
    }
  }
  return smallest
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
