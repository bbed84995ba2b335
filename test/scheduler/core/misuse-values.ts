import { type Coroutine, pause } from '@bluelet/scheduler'

export type ErrorClass = new (message: string) => Error

/** What a user writes against the types, as in JavaScript. */
export const wrong = (value: unknown): any => value

export function* child(): Coroutine<number> {
  yield pause()
  return 1
}

export async function asynchronous(): Promise<void> {}

export class Connection {
  recv(): void {}
}
