/**
 * Sockets for coroutines.
 *
 * @packageDocumentation
 */

export {}
