/** A driver whose sockets are recorded. What it can do is what the driver below can do. */

import type { ConnectTarget } from '../driver/endpoint.js'
import type {
  Driver,
  DriverDatagrams,
  DriverSocket,
  ListenTarget,
  SocketSettings,
} from '../driver/protocol.js'
import { like } from './like.js'
import { RecordedDatagrams } from './recorded-datagrams.js'
import { RecordedListener } from './recorded-listener.js'
import { RecordedSocket } from './recorded-socket.js'
import type { Recorder } from './recorder.js'

/** The driver, recorded. */
export function recordedDriver<D extends Driver>(driver: D, recorder: Recorder): D {
  const members: Partial<Driver> = {
    connect(target: ConnectTarget, settings?: SocketSettings): DriverSocket {
      const socket = new RecordedSocket(recorder, driver.connect(target, settings), target)
      socket.begins(target)
      return socket
    },
    listen: (target, done) =>
      driver.listen(target, (error, listener) => {
        done(error, listener === null ? null : new RecordedListener(recorder, listener, isShared(target)))
      }),
  }
  const { udp } = driver
  if (udp !== undefined) {
    members.udp = (target, done) =>
      udp.call(driver, target, (error: Error | null, socket: DriverDatagrams | null) => {
        done(error, socket === null ? null : new RecordedDatagrams(recorder, socket))
      })
  }
  return like(driver, members as Partial<D>) // They are members of every driver.
}

function isShared(target: ListenTarget): boolean {
  return 'reusePort' in target && target.reusePort === true
}
