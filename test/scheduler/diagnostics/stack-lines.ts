import type { Coroutine } from '@bluelet/scheduler'
import { expect } from 'vitest'

/** The lines that were added to the stack of an error. */
export function added(error: unknown, before: string | undefined): string[] {
  const { stack = '' } = error as Error
  expect(stack.startsWith(before ?? '')).toBe(true)
  return stack
    .slice(before?.length ?? 0)
    .split('\n')
    .filter((line) => line !== '')
}

/** Throws an error in its first step. */
export function* thrower(error: Error): Coroutine<void> {
  throw error
}
