// A driver whose sockets speak TLS, so that the suites of every driver run over TLS.
import {
  type ConnectTarget,
  type Driver,
  type DriverListener,
  type DriverSocket,
  type ListenTarget,
  type SocketSettings,
  WRITABLE,
} from '@bluelet/net/driver'
import { clientSettings, serverSettings } from '../../../packages/net/src/drivers/tls/settings.js'
import type { Clock } from '../../../packages/net/src/drivers/tls/side.js'
import { TlsAcceptor, tlsClient } from '../../../packages/net/src/drivers/tls/sides.js'
import type { Certificates } from '../../support/certificates.js'
import { driverLike, likeObject } from '../world.js'

/** The driver, with TLS. Both ends begin their handshake at once, and not at their first try. */
export function overTls(driver: Driver, { ca, server }: Certificates, clock: Clock): Driver {
  const client = clientSettings({ ca: ca.cert, servername: 'localhost' }, undefined)
  const settings = serverSettings({ cert: server.cert, key: server.key })

  function shownListener(listener: DriverListener): DriverListener {
    const acceptor = new TlsAcceptor(settings)
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

  return driverLike(driver, {
    name: `${driver.name} with TLS`,
    lookup: driver.lookup.bind(driver),
    connect(target: ConnectTarget, options?: SocketSettings): DriverSocket {
      const socket = tlsClient(driver.connect(target, options), client, clock)
      socket.handshake((error) => {
        if (error === null) socket.observer?.ready(WRITABLE)
      })
      return socket
    },
    listen(target: ListenTarget, done) {
      return driver.listen(target, (error, listener) =>
        done(error, listener === null ? null : shownListener(listener)),
      )
    },
  })
}
