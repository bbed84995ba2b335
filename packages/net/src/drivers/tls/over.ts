/** What a socket over another one says of the peer: what the other one does. */

import type { Address } from '../../driver/address.js'
import type { DriverSocket, PeerCredentials } from '../../driver/protocol.js'

export abstract class OverSocket {
  /** The socket below. */
  readonly inner: DriverSocket

  constructor(inner: DriverSocket) {
    this.inner = inner
  }

  get localAddress(): Address | undefined {
    return this.inner.localAddress
  }

  get remoteAddress(): Address | undefined {
    return this.inner.remoteAddress
  }

  get credentials(): PeerCredentials | undefined {
    return this.inner.credentials
  }
}
