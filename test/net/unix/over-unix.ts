// A driver whose hosts and ports are paths of Unix sockets, so that the suites of every driver,
// which know only hosts and ports, run over Unix sockets.
import { Address } from '@bluelet/net'
import type { ConnectTarget, Driver, DriverListener, DriverSocket, ListenTarget } from '@bluelet/net/driver'
import { driverLike, hostOf, likeObject } from '../world.js'

/** Ports are numbers of files here. */
const FIRST_PORT = 10_000

/** Where a port is closed, a path is gone. */
function refused(cause: unknown): Error {
  return Object.assign(new Error('connect ECONNREFUSED', { cause }), { code: 'ECONNREFUSED' })
}

let lastPort = FIRST_PORT

/** The driver, over Unix sockets in a folder. */
export function overUnix(driver: Driver, folder: string, host: string): Driver {
  const pathOf = (port: number): string => `${folder}/${port}`

  /** The address that a suite expects; an end without a name stays as it is. */
  function shown(address: Address | undefined): Address | undefined {
    const port = address?.path?.slice(folder.length + 1)
    return port ? new Address(host, Number(port)) : address
  }

  function shownSocket(socket: DriverSocket): DriverSocket {
    return likeObject(socket, {
      read(max) {
        try {
          return socket.read(max)
        } catch (error) {
          throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? refused(error) : error
        }
      },
      get localAddress() {
        return shown(socket.localAddress)
      },
      get remoteAddress() {
        return shown(socket.remoteAddress)
      },
    })
  }

  function shownListener(listener: DriverListener): DriverListener {
    return likeObject(listener, {
      address: shown(listener.address) as Address, // A listener has a path.
      accept() {
        const socket = listener.accept()
        return socket === null ? null : shownSocket(socket)
      },
    })
  }

  return driverLike(driver, {
    name: `${driver.name} over Unix sockets`,
    lookup: driver.lookup.bind(driver),
    connect: (target: ConnectTarget) => shownSocket(driver.connect({ path: pathOf(hostOf(target).port) })),
    listen(target: ListenTarget, done) {
      const { port, backlog } = target as ListenTarget & { readonly port: number } // No suite listens on a path.
      return driver.listen({ path: pathOf(port || ++lastPort), backlog }, (error, listener) =>
        done(error, listener === null ? null : shownListener(listener)),
      )
    },
  })
}
