// The replies of the server of these tests: bytes that both sides can compute.

/** A reply of the given size. Replies with different numbers differ. */
export function replyOf(bytes: number, number: number): Buffer {
  return Buffer.alloc(bytes, `reply ${number} `)
}
