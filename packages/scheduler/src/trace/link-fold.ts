/**
 * The connections and packets at one moment of a trace.
 */

import type { PacketPicture, ResourcePicture } from './picture.js'
import type { IoEvent, PacketEvent, ResourceEvent } from './schema.js'
import type { TraceIndex } from './trace-index.js'

/** What of a resource does not depend on its other end. */
type Resource = Omit<ResourcePicture, 'inFlight'>

/** Folds the events of the network. */
export class LinkFold {
  readonly #index: TraceIndex
  #resources: Map<number, Resource> = new Map()
  #packets: Map<number, PacketPicture> = new Map()

  constructor(index: TraceIndex) {
    this.#index = index
  }

  copy(): LinkFold {
    const copy = new LinkFold(this.#index)
    copy.#resources = new Map(this.#resources)
    copy.#packets = new Map(this.#packets)
    return copy
  }

  apply(event: IoEvent | ResourceEvent | PacketEvent): void {
    if (event.e === 'io') this.#io(event)
    else if (event.e === 'res') this.#resource(event)
    else this.#packet(event)
  }

  /** Those that are open, and those closed whose other end still has something to read. */
  resources(): ResourcePicture[] {
    const all = [...this.#resources.values()].sort((a, b) => a.id - b.id)
    return all.map((resource) => ({ ...resource, inFlight: this.#inFlight(resource) }))
  }

  packets(): PacketPicture[] {
    return [...this.#packets.values()]
  }

  #inFlight({ peer, written }: Resource): number | null {
    if (peer === null) return null
    const other = this.#resources.get(peer)
    if (other !== undefined && isClosed(other)) return 0 // Nothing reads it any more.
    return Math.max(0, written - (other?.read ?? 0)) // The writes may have been dropped.
  }

  #io(event: IoEvent): void {
    const resource = this.#get(event.res)
    this.#set({ ...resource, ...changeOf(resource, event) })
    if (event.made !== undefined) this.#set({ ...this.#get(event.made), state: 'open' })
  }

  #resource({ res, op, at }: ResourceEvent): void {
    const resource = { ...this.#get(res), ...(at === undefined ? {} : { at }), state: STATES[op] }
    this.#set(resource)
    if (isClosed(resource)) this.#forget(resource)
  }

  /** Forgets what is closed at both ends. */
  #forget({ id, peer }: Resource): void {
    const other = peer === null ? undefined : this.#resources.get(peer)
    if (other !== undefined && !isClosed(other)) return
    this.#resources.delete(id)
    if (other !== undefined) this.#resources.delete(other.id)
  }

  #packet({ id, from, to, bytes, t, op }: PacketEvent): void {
    if (op !== 'sent') this.#packets.delete(id)
    else
      this.#packets.set(id, { id, from, to, bytes, sent: t, until: this.#index.packetEnds.get(id) ?? null })
  }

  #get(id: number): Resource {
    return (
      this.#resources.get(id) ?? {
        id,
        state: 'made',
        peer: this.#index.peers.get(id) ?? null,
        written: 0,
        read: 0,
        shut: false,
        ended: false,
      }
    )
  }

  #set(resource: Resource): void {
    this.#resources.set(resource.id, resource)
  }
}

const STATES = {
  made: 'made',
  listen: 'listening',
  connect: 'connecting',
  close: 'closed',
  reset: 'reset',
} as const

function isClosed({ state }: Resource): boolean {
  return state === 'closed' || state === 'reset'
}

/** A connection whose beginning is not in the trace is open when it moves bytes. */
function opened({ state }: Resource): Resource['state'] {
  return state === 'made' || state === 'connecting' ? 'open' : state
}

/** What an event changes in its resource. */
function changeOf(resource: Resource, { op, bytes = 0 }: IoEvent): Partial<Resource> {
  switch (op) {
    case 'read':
      return { state: opened(resource), read: resource.read + bytes }
    case 'write':
      return { state: opened(resource), written: resource.written + bytes }
    case 'accept':
      return { state: 'listening' }
    case 'connected':
      return { state: 'open' }
    case 'end':
      return { ended: true }
    case 'shutdown':
      return { shut: true }
    case 'failed':
      return { state: 'failed' }
  }
}
