// What the server of these tests replies: bytes that both sides can make.

/** A reply of so many bytes; no two of different numbers are the same. */
export function replyOf(bytes: number, number: number): Buffer {
  return Buffer.alloc(bytes, `reply ${number} `)
}
