// The conformance suite of datagrams: the behaviour of sockets over every driver. It is the
// contract that makes drivers interchangeable.
import {
  BusyError,
  ClosedError,
  type ConnectError,
  DatagramError,
  ListenError,
  TimeoutError,
  type UdpOptions,
  type UdpSocket,
  udp,
} from '@bluelet/net'
import {
  all,
  type Coroutine,
  type Event,
  join,
  kill,
  pause,
  race,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import type { ConformanceSample } from '../conformance/sample.js'
import { driverLike, errorOf, pattern, perform } from '../world.js'

/** A timeout that is never reached; the test would have failed long before. */
const LONG_MS = 1e6

/** The longest datagram. */
const MAX = 65_507

/** What a datagram carries, as text. */
function* textOf(socket: UdpSocket): Coroutine<string> {
  return String((yield* socket.recv()).data)
}

/** Describes the behaviour of datagrams over a driver. */
export function datagramSuite(name: string, sample: ConformanceSample): void {
  const { driver, address: host } = sample
  const open = (options: UdpOptions = {}): Event<UdpSocket> => udp({ host, driver, ...options })

  /** Runs a scenario with two sockets, and closes both. */
  function between<T>(main: (one: UdpSocket, other: UdpSocket) => Coroutine<T>): Promise<T> {
    return sample.play(function* () {
      using one = yield* open()
      using other = yield* open()
      return yield* main(one, other)
    })
  }

  describe(`datagrams over the ${name} driver`, () => {
    describeTransfers()
    describeWaits()
    describeConnected()
    describeMisuse()
    describeGroups()
    describeEnds()
  })

  function describeTransfers(): void {
    it('arrive whole, with the address of their sender', async () => {
      const { got, sender } = await between(function* (one, other) {
        yield* one.send('ping', other.address)
        return { got: yield* other.recv(), sender: one.address }
      })

      expect(String(got.data)).toBe('ping')
      expect(got.from).toEqual(sender)
      expect(got.truncated).toBe(false)
    })

    it('are answered at the address that they came from', async () => {
      const answer = await between(function* (one, other) {
        const echo = yield* spawn(function* () {
          const { data, from } = yield* other.recv()
          yield* other.send(data, from)
        })
        yield* one.send(Buffer.from('echo'), { host, port: other.address.port })
        const answer = yield* textOf(one)
        yield* join(echo)
        return answer
      })

      expect(answer).toBe('echo')
    })

    it('that are empty are datagrams', async () => {
      const lengths = await between(function* (one, other) {
        yield* one.send('', other.address)
        yield* one.send('x', other.address)
        return [(yield* other.recv()).data.length, (yield* other.recv()).data.length]
      })

      expect(lengths).toEqual([0, 1])
    })

    it('carry up to 65,507 bytes; more are EMSGSIZE at the yield', async () => {
      const { same, error } = await between(function* (one, other) {
        const sent = pattern(MAX)
        yield* one.send(sent, other.address)
        const { data } = yield* other.recv()
        return {
          same: data.equals(sent),
          error: yield* errorOf(one.send(Buffer.alloc(MAX + 1), other.address)),
        }
      })

      expect(same).toBe(true)
      expect(error).toBeInstanceOf(DatagramError)
      expect(error.code).toBe('EMSGSIZE')
      expect(error.message).toContain('65,507')
    })

    it('that are longer than maxSize are truncated, and say so', async () => {
      const got = await sample.play(function* () {
        using one = yield* open()
        using other = yield* open({ maxSize: 4 })
        yield* one.sendMany(['1234', '12345'].map((data) => ({ data, to: other.address })))
        return [yield* other.recv(), yield* other.recv()]
      })

      expect(got.map(({ data, truncated }) => [String(data), truncated])).toEqual([
        ['1234', false],
        ['1234', true],
      ])
    })

    it('are sent and received in batches, in order', async () => {
      const { sent, texts } = await between(function* (one, other) {
        const list = Array.from({ length: 100 }, (_, i) => ({ data: `${i}`, to: other.address }))
        const sent = yield* one.sendMany(list)
        const texts: string[] = []
        while (texts.length < 100) texts.push(...(yield* other.recvMany(30)).map(({ data }) => String(data)))
        return { sent, texts }
      })

      expect(sent).toBe(100)
      expect(texts).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`))
    })

    it('recvMany gives no more than its maximum, also of what came with an earlier recv', async () => {
      const counts = await between(function* (one, other) {
        yield* one.sendMany(Array.from({ length: 9 }, () => ({ data: 'x', to: other.address })))
        yield* sleep(sample.quietMs)
        const counts = [(yield* other.recvMany(2)).length]
        yield* other.recv()
        counts.push((yield* other.recvMany(4)).length, (yield* other.recvMany()).length)
        return counts
      })

      expect(counts).toEqual([2, 4, 2])
    })

    it('sendMany of none sends none', async () => {
      expect(await between((one) => perform(one.sendMany([])))).toBe(0)
    })

    it('sendMany stops at a datagram that cannot be sent, and the rest throws the reason', async () => {
      const { sent, error, text } = await sample.play(function* () {
        using one = yield* open()
        using other = yield* open()
        const to = other.address
        const list = [
          { data: 'first', to },
          { data: 'never', to: { host: '::1', port: to.port } },
          { data: 'x', to },
        ]
        const sent = yield* one.sendMany(list)
        return { sent, error: yield* errorOf(one.sendMany(list.slice(sent))), text: yield* textOf(other) }
      })

      expect(sent).toBe(1)
      expect(error).toBeInstanceOf(DatagramError)
      expect(text).toBe('first')
    })

    it('several tasks send, each in its turn', async () => {
      const texts = await between(function* (one, other) {
        yield* all(['a', 'b', 'c', 'd'].map((text) => one.send(text, other.address)))
        const texts: string[] = []
        for (let i = 0; i < 4; i++) texts.push(yield* textOf(other))
        return texts
      })

      expect(texts.sort()).toEqual(['a', 'b', 'c', 'd'])
    })

    it('IPv4 and IPv6 reach a socket for every address, which answers both', async ({ skip }) => {
      if (!sample.ipv6) skip('this machine has no IPv6')
      const answers = await sample.play(function* () {
        using every = yield* udp({ driver })
        const answers: string[] = []
        for (const host of ['127.0.0.1', '::1']) {
          using client = yield* udp({ driver, host })
          yield* client.send('?', { host, port: every.address.port })
          const { from } = yield* every.recv()
          answers.push(from.host)
          yield* every.send('!', from)
          answers.push(yield* textOf(client))
        }
        return answers
      })

      expect(answers).toEqual(['127.0.0.1', '!', '::1', '!'])
    })
  }

  function describeWaits(): void {
    it('a recv waits for a datagram, which holds the run open', async () => {
      const text = await between(function* (one, other) {
        const receiving = yield* spawn(textOf(other))
        yield* sleep(sample.quietMs)
        yield* one.send('late', other.address)
        return yield* join(receiving)
      })

      expect(text).toBe('late')
    })

    it('a run does not end while a recv waits, and there is no deadlock', async () => {
      let text = ''
      await sample.play(function* () {
        const other = yield* open()
        yield* spawn(function* () {
          text = yield* textOf(other)
          other.close()
        })
        yield* spawn(function* () {
          using one = yield* open()
          yield* sleep(sample.quietMs)
          yield* one.send('kept', other.address)
        })
      })

      expect(text).toBe('kept')
    })

    it('a recv that is killed, times out or loses a race loses no datagram', async () => {
      const { texts, error } = await between(function* (one, other) {
        const victim = yield* spawn(perform, other.recv())
        yield pause()
        yield* kill(victim)
        const error = yield* errorOf(timeout(1, other.recv()))
        yield* one.sendMany(['1', '2', '3'].map((data) => ({ data, to: other.address })))
        yield* sleep(sample.quietMs)
        // Both branches are answered in the same step: the one that loses gives its datagrams back.
        yield* race([pause(), other.recv()])
        yield* race([pause(), other.recvMany()])
        return { texts: [yield* textOf(other), yield* textOf(other), yield* textOf(other)], error }
      })

      expect(error).toBeInstanceOf(TimeoutError)
      expect(texts).toEqual(['1', '2', '3'])
    })

    it('a second task that receives gets a BusyError that names the first', async () => {
      const errors = await between(function* (one, other) {
        const first = yield* spawn(perform, other.recv())
        yield pause()
        const errors = [yield* errorOf(other.recv()), yield* errorOf(race([other.recvMany(3)]))]
        yield* one.send('done', other.address)
        yield* join(first)
        return errors
      })

      for (const error of errors) expect(error).toBeInstanceOf(BusyError)
      expect(errors[0].message).toMatch(/^recv\(\): perform#\d+ is receiving from this socket, in recv\(\)/)
      expect(errors[1].message).toMatch(/^recvMany\(3\): /)
    })

    it('a datagram that no socket receives vanishes, and an unconnected socket learns nothing of it', async () => {
      const text = await between(function* (one, other) {
        const gone = yield* open()
        const { address } = gone
        gone.close()
        yield* one.send('lost', address)
        yield* sleep(sample.quietMs)
        yield* one.send('there', other.address)
        yield* other.send('back', one.address)
        return (yield* textOf(other)) + (yield* textOf(one))
      })

      expect(text).toBe('thereback')
    })
  }

  function describeConnected(): void {
    it('a connected socket sends without an address, and receives from its peer only', async () => {
      const result = await between(function* (one, other) {
        yield* one.connect(host, other.address.port)
        yield* one.send('to the peer')
        using stranger = yield* open()
        yield* stranger.send('from a stranger', one.address)
        const { data, from } = yield* other.recv()
        yield* other.send('from the peer', from)
        return [String(data), yield* textOf(one), `${one.remoteAddress}` === `${other.address}`]
      })

      expect(result).toEqual(['to the peer', 'from the peer', true])
    })

    it('a connected socket learns once that its peer refuses, at the next recv or send', async () => {
      const { errors, text } = await between(function* (one, other) {
        const errors: DatagramError[] = []
        for (const next of [
          () => one.recv(),
          () => one.send('next'),
          () => one.sendMany([{ data: 'next' }]),
        ]) {
          const gone = yield* open()
          const { port } = gone.address
          gone.close()
          yield* one.connect(host, port)
          yield* one.send('refused')
          yield* sleep(sample.quietMs)
          errors.push(yield* errorOf(next()))
        }
        yield* one.connect(host, other.address.port)
        yield* other.send('fine', one.address)
        return { errors, text: yield* textOf(one) }
      })

      expect(errors.map(({ code }) => code)).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED'])
      for (const error of errors) expect(error).toBeInstanceOf(DatagramError)
      expect(text).toBe('fine')
    })

    it('a connected socket learns nothing of what an earlier peer has refused', async () => {
      const text = await between(function* (one, other) {
        const gone = yield* open()
        const { port } = gone.address
        gone.close()
        yield* one.connect(host, port)
        yield* one.send('refused')
        yield* sleep(sample.quietMs)
        yield* one.connect(host, other.address.port)
        yield* one.send('fine')
        return yield* textOf(other)
      })

      expect(text).toBe('fine')
    })

    it('a socket for every address connects to a peer of IPv4, and then to one of IPv6', async ({ skip }) => {
      if (!sample.ipv6) skip('this machine has no IPv6')
      const texts = await sample.play(function* () {
        using every = yield* udp({ driver })
        const texts: string[] = []
        for (const host of ['127.0.0.1', '::1', '127.0.0.1']) {
          using peer = yield* open({ host })
          yield* every.connect(host, peer.address.port)
          yield* every.send(`to ${host}`)
          const { data, from } = yield* peer.recv()
          yield* peer.send(data, from)
          texts.push(yield* textOf(every))
        }
        return texts
      })

      expect(texts).toEqual(['to 127.0.0.1', 'to ::1', 'to 127.0.0.1'])
    })

    it('connect looks a name up, and says if there is none', async () => {
      const { reached, error } = await between(function* (one, other) {
        yield* one.connect('localhost', other.address.port)
        const reached = one.remoteAddress?.port === other.address.port
        const error: ConnectError = yield* errorOf(one.connect(sample.unknownName, 53))
        return { reached, error }
      })

      expect(reached).toBe(true)
      expect(error.name).toBe('ConnectError')
    })

    it('connect to an address of the other version of IP fails', async () => {
      const error = await between((one) => errorOf(one.connect('::1', 53)))

      expect(error.name).toBe('ConnectError')
      expect(error.message).toContain(host)
    })
  }

  function describeMisuse(): void {
    it('an address is needed exactly if the socket is not connected', async () => {
      const errors = await between(function* (one, other) {
        const before = yield* errorOf(one.send('x'))
        yield* one.connect(host, other.address.port)
        return [before, yield* errorOf(one.send('x', other.address))]
      })

      for (const error of errors) expect(error).toBeInstanceOf(TypeError)
      expect(errors[0].message).toContain('give the address')
      expect(errors[1].message).toContain('leave the address out')
    })

    it('invalid arguments are errors at the call', async () => {
      await between(function* (one, other) {
        const to = other.address
        expect(() => one.send(5 as never, to)).toThrow(/send\(data, to\): expected bytes or a string, got 5/)
        expect(() => one.send('x', 'there' as never)).toThrow(/to: expected an Address/)
        expect(() => one.send('x', { host: 'localhost', port: 1 })).toThrow(/numeric host, got 'localhost'/)
        expect(() => one.send('x', { host, port: 0 })).toThrow(RangeError)
        expect(() => one.sendMany('x' as never)).toThrow(/expected an array/)
        expect(() => one.sendMany([null as never])).toThrow(/sendMany\(list\)\[0\]/)
        expect(() => one.recvMany(0)).toThrow(/expected a positive number of datagrams, got 0/)
        expect(() => one.recvMany(Number.POSITIVE_INFINITY)).toThrow(RangeError)
        expect(() => udp(null as never)).toThrow('udp(options): expected an object, got null')
        expect(() => open({ host: 5 as never })).toThrow('udp: host: expected a string, got 5')
        expect(() => open({ port: 65_536 })).toThrow('udp: port: expected an integer, from 0 to 65535')
        expect(() => open({ reuseAddress: 1 as never })).toThrow(TypeError)
        expect(() => open({ receiveBuffer: 0 })).toThrow(RangeError)
        expect(() => open({ maxSize: 65_537 })).toThrow(RangeError)
        expect(() => open({ queue: 0 })).toThrow('udp: queue: expected an integer, 1 or more, got 0')
        expect(() => one.connect('', 53)).toThrow(TypeError)
        expect(() => one.connect(host, 0)).toThrow(RangeError)
        yield pause()
      })
    })

    it('an address that is in use is a ListenError, unless both sockets share it', async () => {
      const { error, shared } = await sample.play(function* () {
        using first = yield* open()
        const error = yield* errorOf(open({ port: first.address.port }))
        using one = yield* open({ reuseAddress: true })
        using other = yield* open({ reuseAddress: true, port: one.address.port })
        return { error, shared: other.address.port === one.address.port }
      })

      expect(error).toBeInstanceOf(ListenError)
      expect(error.code).toBe('EADDRINUSE')
      expect(shared).toBe(true)
    })

    it('an address of another machine and an unknown name are ListenErrors; a name is looked up', async () => {
      const { errors, name } = await sample.play(function* () {
        using named = yield* open({ host: 'localhost' })
        const errors = [
          yield* errorOf(open({ host: sample.foreignAddress })),
          yield* errorOf(open({ host: sample.unknownName })),
        ]
        return { errors, name: named.address.host }
      })

      for (const error of errors) expect(error).toBeInstanceOf(ListenError)
      expect(['127.0.0.1', '::1']).toContain(name)
    })

    it('a broadcast without the option names it', async () => {
      const { error, sent } = await sample.play(function* () {
        using plain = yield* open()
        using allowed = yield* open({ broadcast: true })
        const to = { host: '255.255.255.255', port: 9 }
        return { error: yield* errorOf(plain.send('x', to)), sent: yield* errorlessly(allowed.send('x', to)) }
      })

      expect(error).toBeInstanceOf(DatagramError)
      expect(error.code).toBe('EACCES')
      expect(error.message).toContain('{ broadcast: true }')
      expect(sent).not.toBe('EACCES')
    })

    it('a driver without datagrams says so', async () => {
      const without = driverLike(driver, { name: 'streams' })
      delete (without as { udp?: unknown }).udp
      Object.defineProperty(without, 'udp', { value: undefined })

      const error = await sample.play(() => errorOf(udp({ driver: without })))

      expect(error.message).toBe("udp: the driver 'streams' has no datagrams")
    })
  }

  function describeGroups(): void {
    it('an invalid group, interface or source is refused at the call', async () => {
      await between(function* (one) {
        for (const group of ['127.0.0.1', 'group.example', '::1', '', 5 as never]) {
          expect(() => one.join(group)).toThrow(/join\(group\): expected a multicast address/)
          expect(() => one.leave(group)).toThrow(/leave\(group\): expected a multicast address/)
        }
        expect(() => one.join('239.1.2.3', null as never)).toThrow(/expected an object, got null/)
        expect(() => one.join('239.1.2.3', { interface: 'eth0' })).toThrow(
          /join: interface: expected a numeric/,
        )
        expect(() => one.leave('239.1.2.3', { source: 'sender' })).toThrow(
          /leave: source: expected a numeric/,
        )
        yield pause()
      })
    })

    it('a member receives what is sent to its group until it leaves', async ({ skip }) => {
      const group = '239.255.77.77'
      const outcome = await sample.play(function* () {
        using member = yield* udp({ driver, host: '0.0.0.0' })
        using sender = yield* open()
        const by = { interface: host }
        try {
          // The sender is not in the group: Linux gives a socket for every address what any member
          // receives.
          member.join(group, by)
        } catch (error) {
          return (error as { code?: string }).code
        }
        const to = { host: group, port: member.address.port }
        yield* sender.send('hello', to)
        const text = yield* timeout(LONG_MS, textOf(member))
        member.leave(group, by)
        yield* sender.send('unheard', to)
        const error = yield* errorOf(timeout(sample.quietMs, member.recv()))
        return [text, error.name]
      })

      if (typeof outcome === 'string') skip(`this machine has no multicast: ${outcome}`)
      expect(outcome).toEqual(['hello', 'TimeoutError'])
    })

    it('a membership with a source, or of IPv6, is taken or fails with an error of the system', async () => {
      const outcomes = await sample.play(function* () {
        using v4 = yield* udp({ driver, host: '0.0.0.0' })
        using v6 = yield* udp({ driver, host: sample.ipv6 ? '::' : '0.0.0.0' })
        const outcomes: string[] = []
        for (const call of ['join', 'leave', 'leave'] as const) {
          outcomes.push(codeOf(() => v4[call]('232.1.2.3', { source: '127.0.0.9', interface: host })))
          outcomes.push(codeOf(() => v6[call]('ff02::77:77', { interface: '::%lo' })))
          outcomes.push(codeOf(() => v6[call]('ff3e::77:77', { source: '2001:db8::1', interface: '::%lo' })))
        }
        return outcomes
      })

      expect(outcomes.slice(0, 6).every((code) => code === 'done' || /^E[A-Z]+$/.test(code))).toBe(true)
      // What it has left, or was never in, it cannot leave.
      for (const code of outcomes.slice(6)) expect(code).toMatch(/^E[A-Z]+$/)
    })

    it('ttl, multicastTtl and loopback are set and checked', async () => {
      const values = await between(function* (one) {
        const before = [one.ttl, one.multicastTtl, one.loopback]
        one.ttl = 9
        one.multicastTtl = 0
        one.loopback = false
        one.loopback = true
        one.loopback = false
        yield pause()
        expect(() => Object.assign(one, { ttl: 0 })).toThrow(/ttl: expected an integer, from 1 to 255, got 0/)
        expect(() => Object.assign(one, { multicastTtl: 256 })).toThrow(RangeError)
        expect(() => Object.assign(one, { loopback: 1 })).toThrow(TypeError)
        return [...before, one.ttl, one.multicastTtl, one.loopback]
      })

      expect(values).toEqual([64, 1, true, 9, 0, false])
    })
  }

  function describeEnds(): void {
    it('close is idempotent, wakes who waits, and is the end of every use', async () => {
      const errors = await between(function* (one, other) {
        const receiving = yield* spawn(errorOf(other.recv()))
        yield pause()
        other.close()
        other.close()
        const closed = other.closed
        const errors = [
          yield* join(receiving),
          yield* errorOf(other.recv()),
          yield* errorOf(other.recvMany()),
          yield* errorOf(other.send('x', one.address)),
          yield* errorOf(other.connect(host, 53)),
        ]
        for (const use of [
          () => other.join('239.1.2.3'),
          () => other.leave('239.1.2.3'),
          () => Object.assign(other, { ttl: 3 }),
        ]) {
          expect(use).toThrow(ClosedError)
        }
        return [...errors, closed]
      })

      expect(errors.pop()).toBe(true)
      for (const error of errors) expect(error).toBeInstanceOf(ClosedError)
    })

    it('the address of a closed socket is kept, and what was sent before the close arrives', async () => {
      const { texts, address } = await between(function* (one, other) {
        const last = yield* open()
        const { address } = last
        yield* last.sendMany(['last', 'words'].map((data) => ({ data, to: other.address })))
        last.close()
        const texts = [yield* textOf(other), yield* textOf(other)]
        return { texts, address: [`${address}`, `${last.address}`, one.dropped] }
      })

      expect(texts).toEqual(['last', 'words'])
      expect(address[0]).toBe(address[1])
      expect(address[2]).toBe(0)
    })

    it('a kill while it opens, or in a race, leaves no socket', async () => {
      const before = sample.descriptors()
      await sample.play(function* () {
        for (let turns = 0; turns < 4; turns++) {
          const opening = yield* spawn(perform, open())
          for (let i = 0; i < turns; i++) yield pause()
          yield* kill(opening)
          if (opening.outcome?.kind === 'returned') opening.outcome.value.close()
          const winner = yield* race([open(), pause(), open()])
          if (winner) (winner as UdpSocket).close()
        }
        for (let waited = 0; sample.descriptors() > before && waited < 1000; waited++) yield* sleep(1)
      })

      expect(sample.descriptors()).toBe(before)
    })
  }
}

/** What a call ends with: `done`, or the code of its error. */
function codeOf(call: () => void): string {
  try {
    call()
    return 'done'
  } catch (error) {
    return `${(error as { code?: string }).code}`
  }
}

/** `done`, or the code of the error. */
function* errorlessly(event: Event<void>): Coroutine<string> {
  try {
    yield* event
    return 'done'
  } catch (error) {
    return `${(error as { code?: string }).code}`
  }
}
