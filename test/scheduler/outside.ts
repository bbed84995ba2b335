// What code outside of every task does.

/** Calls back once everything in the process that could happen by itself has happened. */
export function fromOutside(callback: () => void): void {
  setImmediate(() => setImmediate(() => setImmediate(callback)))
}

/** Resolves after some macrotasks. */
export async function afterMacrotasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** A promise, and the function that resolves it. */
export function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
