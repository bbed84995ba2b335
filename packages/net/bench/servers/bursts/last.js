// The first byte of the last datagram of a burst, which is answered with the number received.
export const LAST = 'L'.charCodeAt(0)
