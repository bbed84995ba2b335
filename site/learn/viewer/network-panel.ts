/**
 * The network after a step: a row for each link, with its two ends, and the packets that are on
 * the wire between them, each where it is at that time.
 */

import type { Picture, ResourcePicture } from '@bluelet/scheduler/trace'
import { count, fill, h, time } from './dom.js'
import type { Timeline } from './timeline.js'

/** Of more links the rest is counted. */
const MAX_LINKS = 60
const MAX_PACKETS = 24

interface OnWire {
  readonly bytes: number
  /** How far it has come, from 0 to 1. */
  readonly part: number
  readonly forth: boolean
  readonly title: string
}

/** The links of a moment. */
export class NetworkPanel {
  readonly element = h('div', { class: 'network', tabindex: '0' })
  #has = false

  /** Whether the trace has anything to show here. */
  get has(): boolean {
    return this.#has
  }

  show(index: Timeline): void {
    this.#has = index.trace.events.some(
      ({ e }, i) => e === 'packet' || e === 'io' || (e === 'res' && isSocket(index, i)),
    )
  }

  seek(picture: Picture): void {
    const links = linksOf(picture)
    const wires = wiresOf(picture)
    fill(
      this.element,
      links.length + wires.length === 0 && h('p', { class: 'note' }, 'No link is open.'),
      ...links.slice(0, MAX_LINKS).map(([left, right]) => link(left, right)),
      links.length > MAX_LINKS && h('p', { class: 'note' }, `and ${links.length - MAX_LINKS} more links`),
      wires.length > 0 && h('h3', {}, 'Packets on the wire'),
      ...wires.slice(0, MAX_LINKS).map(([from, to, packets]) => wire(from, to, packets)),
    )
  }
}

function isSocket(index: Timeline, i: number): boolean {
  const event = index.trace.events[i]
  return event?.e === 'res' && (event.op === 'listen' || event.op === 'connect')
}

/** The ends of each link, once. A listener and an end whose peer is outside have no second one. */
function linksOf({ resources }: Picture): [ResourcePicture, ResourcePicture | null][] {
  const byId = new Map(resources.map((resource) => [resource.id, resource]))
  return resources
    .filter(({ state, peer }) => state !== 'made' || peer !== null)
    .filter(({ id, peer }) => peer === null || id < peer || !byId.has(peer))
    .map((left) => [left, left.peer === null ? null : (byId.get(left.peer) ?? null)])
}

function link(left: ResourcePicture, right: ResourcePicture | null): HTMLElement {
  const flow = (from: ResourcePicture | null, sign: string): HTMLElement | false =>
    from !== null &&
    (from.inFlight ?? 0) > 0 &&
    h('span', { class: 'flow' }, `${sign} ${count(from.inFlight ?? 0, 'byte')}`)
  return h(
    'div',
    { class: 'link' },
    end(left),
    h(
      'span',
      { class: left.state === 'listening' ? 'wire none' : 'wire' },
      flow(left, '→'),
      flow(right, '←'),
    ),
    right === null
      ? h(
          'span',
          { class: 'end outside' },
          left.state === 'listening' ? '' : left.peer === null ? 'outside of the trace' : 'not accepted yet',
        )
      : end(right),
  )
}

function end({ id, at, state, shut }: ResourcePicture): HTMLElement {
  return h(
    'span',
    { class: 'end' },
    h('span', { class: 'end-name' }, at ?? `socket ${id}`),
    h(
      'span',
      { class: 'note' },
      `socket ${id}, ${state}${shut && state === 'open' ? ', sends no more' : ''}`,
    ),
  )
}

/** The packets on the wire, by the pair of addresses. */
function wiresOf({ packets, t }: Picture): [string, string, OnWire[]][] {
  const wires = new Map<string, [string, string, OnWire[]]>()
  for (const { id, from, to, bytes, sent, until } of packets) {
    const [back, forth] = [`${to}\n${from}`, `${from}\n${to}`]
    const key = wires.has(back) ? back : forth
    const wire = wires.get(key) ?? [from, to, []]
    wires.set(key, wire)
    wire[2].push({
      bytes,
      part: until === null || until <= sent ? 0 : Math.min(1, (t - sent) / (until - sent)),
      forth: key === forth,
      title: `packet ${id}: ${count(bytes, 'byte')} from ${from} to ${to}, sent at ${time(sent)}${until === null ? '' : `, arrives at ${time(until)}`}`,
    })
  }
  return [...wires.values()]
}

function wire(from: string, to: string, packets: readonly OnWire[]): HTMLElement {
  return h(
    'div',
    { class: 'link' },
    h('span', { class: 'end' }, h('span', { class: 'end-name' }, from)),
    h(
      'span',
      { class: 'wire' },
      ...packets.slice(0, MAX_PACKETS).map(({ bytes, part, forth, title }) => {
        const dot = h(
          'span',
          { class: `packet ${forth ? 'forth' : 'back'}`, title },
          forth ? `${bytes} ▸` : `◂ ${bytes}`,
        )
        dot.style.left = `${(forth ? part : 1 - part) * 100}%`
        return dot
      }),
    ),
    h('span', { class: 'end' }, h('span', { class: 'end-name' }, to)),
  )
}
