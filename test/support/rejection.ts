/** The error that a promise rejects with. */
export function rejection(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    (value) => {
      throw new Error(`expected a rejection, but it resolved with ${value}`)
    },
    (error: unknown) => error,
  )
}
