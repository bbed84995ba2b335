// A driver whose sockets speak TLS, so that the suites of every driver run over TLS.
import {
  type ConnectTarget,
  type Driver,
  type DriverListener,
  type DriverSocket,
  type SocketSettings,
  WRITABLE,
} from '@bluelet/net/driver'
import {
  type ClientSettings,
  clientSettings,
  serverSettings,
} from '../../../packages/net/src/drivers/tls/settings.js'
import type { Clock } from '../../../packages/net/src/drivers/tls/side.js'
import { TlsAcceptor, tlsClient } from '../../../packages/net/src/drivers/tls/sides.js'
import type { Certificates } from '../../support/certificates.js'
import { likeObject } from '../world.js'

/** What all clients and all servers have in common. It is costly to make. */
export interface TlsEnds {
  readonly client: ClientSettings
  readonly acceptor: TlsAcceptor
}

export function tlsEnds({ ca, server }: Certificates): TlsEnds {
  return {
    client: clientSettings({ ca: ca.cert, servername: 'localhost' }, undefined),
    acceptor: new TlsAcceptor(serverSettings({ cert: server.cert, key: server.key })),
  }
}

/** The driver, with TLS. Both ends begin their handshake at once, and not at their first try. */
export function overTls<D extends Driver>(driver: D, { client, acceptor }: TlsEnds, clock: Clock): D {
  function shownListener(listener: DriverListener): DriverListener {
    return likeObject(listener, {
      accept() {
        const inner = listener.accept()
        if (inner === null) return null
        const socket = acceptor.over(inner, clock)
        socket.handshake(() => {})
        return socket
      },
    })
  }

  const members: Partial<Driver> = {
    name: `${driver.name} with TLS`,
    connect(target: ConnectTarget, options?: SocketSettings): DriverSocket {
      const socket = tlsClient(driver.connect(target, options), client, clock)
      socket.handshake((error) => {
        if (error === null) socket.observer?.ready(WRITABLE)
      })
      return socket
    },
    listen: (target, done) =>
      driver.listen(target, (error, listener) =>
        done(error, listener === null ? null : shownListener(listener)),
      ),
  }
  return likeObject(driver, members as Partial<D>) // They are members of every driver.
}
