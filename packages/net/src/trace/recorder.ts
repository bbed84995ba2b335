/**
 * The recording of one network: the log that it is written into, the ids of its sockets, and which
 * of them are the two ends of one connection.
 */

import type { NetworkLog, RecordedNetwork } from '@bluelet/scheduler/trace'
import { shown } from '../check.js'
import type { PacketSource } from '../driver/packets.js'
import type { Driver } from '../driver/protocol.js'
import { Ends } from './ends.js'
import { SentDatagrams } from './sent-datagrams.js'

/** From a connection to its socket: that of the driver, perhaps under TLS and under early input. */
const MAX_LAYERS = 4

/** A connection or the like, or a socket over another one. */
interface Layer {
  readonly socket?: object
  readonly inner?: object
}

/** A socket, a listener, or a socket for datagrams. */
export interface Resource {
  /** What it is, for people. */
  readonly at: string
  /** Its id in the recording with the number `epoch`. */
  id: number
  epoch: number
  /** Another recording has begun: forgets the events of the last one. */
  renew(): void
}

/** What records the sockets of one driver. */
export class Recorder implements RecordedNetwork {
  /** Where it is written; null while nothing is recorded. */
  log: NetworkLog | null = null
  /** The number of the recording. Ids and events of an earlier one mean nothing. */
  epoch = 0
  readonly ends: Ends = new Ends()
  readonly sentDatagrams: SentDatagrams = new SentDatagrams()
  readonly #driver: Driver & Partial<PacketSource>
  /** By the object that the program has, and by that of the driver. */
  readonly #resources = new WeakMap<object, Resource>()

  constructor(driver: Driver) {
    this.#driver = driver
  }

  attach(log: NetworkLog): () => void {
    if (typeof log?.io !== 'function') {
      throw new TypeError(`attach(log): expected the log of a recording, got ${shown(log)}`)
    }
    if (this.log !== null) {
      throw new Error(
        'attach(log): this network is being recorded already; stop that recording first, or record another network',
      )
    }
    this.log = log
    this.epoch++
    this.sentDatagrams.clear()
    const unsubscribe = this.#driver.onPacket?.((op, { id, from, to, bytes }) => {
      log.packet(op, id, `${from}`, `${to}`, bytes)
    })
    return () => {
      unsubscribe?.()
      if (this.log === log) this.log = null
    }
  }

  resourceOf(object: object): number | undefined {
    if (this.log === null) return undefined
    let layer: object | undefined = object
    for (let i = 0; i < MAX_LAYERS && typeof layer === 'object' && layer !== null; i++) {
      const resource = this.#resources.get(layer)
      if (resource !== undefined) return this.idOf(resource, this.log)
      const { socket, inner }: Layer = layer
      layer = socket ?? inner
    }
    return undefined
  }

  /** An object is one of ours from now on. */
  add(object: object, resource: Resource): void {
    this.#resources.set(object, resource)
  }

  /** The id of a resource; of one that was there before the recording, a new one. */
  idOf(resource: Resource, log: NetworkLog): number {
    if (resource.epoch !== this.epoch) {
      this.begin(resource, log)
      log.resource('made', resource.id, resource.at)
    }
    return resource.id
  }

  /** Gives a resource its id. @returns the id */
  begin(resource: Resource, log: NetworkLog): number {
    resource.renew()
    resource.epoch = this.epoch
    resource.id = log.newResource()
    return resource.id
  }
}
