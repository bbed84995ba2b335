/**
 * Which connection threw an error: by the identity of the error object, not by its class or its
 * code, which an error of an upstream connection or of a database may share.
 */

const connections = new WeakMap<object, object>()

/**
 * Remembers that a connection throws an error, for as long as the error exists. A TypeError is a
 * mistake of the program, and not the end of a connection: it is not remembered.
 *
 * @returns the error
 */
export function thrownBy<E>(connection: object, error: E): E {
  if (typeof error === 'object' && error !== null && !(error instanceof TypeError)) {
    connections.set(error, connection)
  }
  return error
}

/** Whether a connection threw this very error. */
export function hasThrown(connection: object, error: unknown): boolean {
  return typeof error === 'object' && error !== null && connections.get(error) === connection
}
