// Questions to real name servers on loopback, and to simulated ones in virtual time.
import { DnsError, type DnsType, type ResolveOptions, resolve } from '@bluelet/net'
import { type Driver, driverNamed } from '@bluelet/net/driver'
import { type NetworkOptions, simulate } from '@bluelet/net/testing'
import { type Coroutine, kill, pause, run, sleep, spawn, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { epollDriver } from '../../../packages/net/src/drivers/epoll/driver.js'
import { nodeDriver as none } from '../../../packages/net/src/drivers/none.js'
import { rejection } from '../world.js'
import { encoded, nameServer, text, words, type Zone } from './name-server.js'

function* asked<T extends DnsType>(name: string, type: T, options: ResolveOptions = {}): Coroutine<unknown> {
  return yield* resolve(name, type, options)
}

function isUnbuilt(driver: string): boolean {
  return driver === 'epoll' && epollDriver() instanceof Error
}

const RECORDS: Readonly<Record<string, readonly Uint8Array[]>> = {
  A: [Buffer.of(10, 0, 0, 7), Buffer.of(10, 0, 0, 8)],
  AAAA: [Buffer.from('fd000000000000000000000000000007', 'hex')],
  MX: [Buffer.concat([words(10), encoded('mail.example.test')])],
  SRV: [Buffer.concat([words(1, 2, 5060), encoded('sip.example.test')])],
  TXT: [Buffer.concat([text('one '), text('record')]), text('another')],
  NS: [encoded('ns.example.test')],
  CNAME: [encoded('alias.example.test')],
  PTR: [encoded('host.example.test')],
  SOA: [
    Buffer.concat([
      encoded('ns.example.test'),
      encoded('root.example.test'),
      words(0, 1, 0, 2, 0, 3, 0, 4, 0, 5),
    ]),
  ],
  CAA: [Buffer.concat([Buffer.of(0), text('issue'), Buffer.from('ca.test')])],
  NAPTR: [
    Buffer.concat([words(100, 10), text('u'), text('E2U+sip'), text('!^.*$!sip:x!'), encoded('a.test')]),
  ],
}

const example: Zone = (name, type) => (name === 'example.test' ? (RECORDS[type] ?? []) : undefined)

const ANSWERS: readonly (readonly [DnsType, readonly unknown[]])[] = [
  ['A', ['10.0.0.7', '10.0.0.8']],
  ['AAAA', ['fd00::7']],
  ['MX', [{ priority: 10, exchange: 'mail.example.test' }]],
  ['SRV', [{ priority: 1, weight: 2, port: 5060, name: 'sip.example.test' }]],
  ['TXT', [['one ', 'record'], ['another']]],
  ['NS', ['ns.example.test']],
  ['CNAME', ['alias.example.test']],
  ['PTR', ['host.example.test']],
  [
    'SOA',
    [
      {
        nsname: 'ns.example.test',
        hostmaster: 'root.example.test',
        serial: 1,
        refresh: 2,
        retry: 3,
        expire: 4,
        minttl: 5,
      },
    ],
  ],
  ['CAA', [{ critical: 0, issue: 'ca.test' }]],
  [
    'NAPTR',
    [
      {
        flags: 'u',
        service: 'E2U+sip',
        regexp: '!^.*$!sip:x!',
        replacement: 'a.test',
        order: 100,
        preference: 10,
      },
    ],
  ],
]

describe('resolve, of a real name server', () => {
  it('gives the records of every type in the shapes of Node', async () => {
    await using server = await nameServer(example)
    const servers = [server.address]

    const answers = await run(function* () {
      const found: unknown[] = []
      for (const [type] of ANSWERS) found.push([type, yield* resolve('example.test', type, { servers })])
      return found
    })

    // Newer versions of Node add the type of the record.
    expect(answers).toMatchObject(ANSWERS)
  })

  it.for(['node', 'epoll'] as const)(
    'works beside the sockets of the %s driver',
    async (driver, { skip }) => {
      skip(isUnbuilt(driver), 'the epoll driver is not built')
      await using server = await nameServer(example)

      const records = await run(asked('example.test', 'A', { servers: [server.address], driver }))

      expect(records).toEqual(RECORDS.A!.map((bytes) => bytes.join('.')))
    },
  )

  it('says that a name does not exist, or has no such records', async () => {
    const zone: Zone = (name) => (name === 'empty.test' ? [] : undefined)
    await using server = await nameServer(zone)
    const servers = [server.address]

    const unknown = await rejection(run(asked('other.test', 'A', { servers })))
    const empty = await rejection(run(asked('empty.test', 'TXT', { servers })))

    expect(unknown).toBeInstanceOf(DnsError)
    expect(unknown).toMatchObject({
      name: 'DnsError',
      code: 'ENOTFOUND',
      message: "resolve('other.test', 'A'): the name does not exist (ENOTFOUND)",
    })
    expect(empty).toMatchObject({
      code: 'ENODATA',
      message: "resolve('empty.test', 'TXT'): the name has no TXT records (ENODATA)",
    })
  })

  it('holds its deadline in all, whatever the tries, if a server is silent', async () => {
    await using server = await nameServer(() => null)
    const began = performance.now()

    const error = await rejection(
      run(asked('example.test', 'A', { servers: [server.address], timeout: 150, tries: 50 })),
    )

    expect(error).toMatchObject({
      code: 'ETIMEDOUT',
      message: "resolve('example.test', 'A'): no answer within 150 ms (ETIMEDOUT)",
    })
    expect(performance.now() - began).toBeGreaterThanOrEqual(149)
  })

  it('is cancelled by a kill, and leaves nothing that keeps the process alive', async () => {
    await using server = await nameServer(() => null)

    await run(function* () {
      const asking = yield* spawn(asked, 'example.test', 'A' as DnsType, { servers: [server.address] })
      while (server.questions.length === 0) yield* pause()
      yield* kill(asking)
    })

    expect(process.getActiveResourcesInfo()).not.toContain('QueryReqWrap')
  })

  it('says what the resolver has against an address that looks like one', async () => {
    const error = await rejection(run(asked('example.test', 'A', { servers: ['999.0.0.1'] })))

    expect(error).toBeInstanceOf(DnsError)
    expect(error.message).toMatch(/^resolve\('example\.test', 'A'\): .*999\.0\.0\.1/)
  })
})

describe('resolve, in a simulation', () => {
  const world: NetworkOptions = {
    names: { 'db.test': ['10.0.0.7', 'fd00::7'], 'gone.test': 'EAI_AGAIN' },
    records: {
      'db.test': { MX: [{ exchange: 'mail.test', priority: 1 }] },
      'down.test': 'ESERVFAIL',
      'slow.test': 'hang',
    },
  }

  it.each<[string, DnsType, unknown]>([
    ['db.test', 'A', ['10.0.0.7']],
    ['db.test', 'AAAA', ['fd00::7']],
    ['db.test', 'MX', [{ exchange: 'mail.test', priority: 1 }]],
    ['db.test', 'TXT', 'the name has no TXT records (ENODATA)'],
    ['gone.test', 'A', 'the resolver of the system has no answer now; try again later (EAI_AGAIN)'],
    ['down.test', 'A', 'the name server failed (ESERVFAIL)'],
    ['other.test', 'A', 'the name does not exist (ENOTFOUND)'],
  ])('%s %s is what its options say', async (name, type, expected) => {
    const answer = await simulate(() => asked(name, type), world).catch((error: Error) => error.message)

    expect(answer).toEqual(
      typeof expected === 'string' ? `resolve('${name}', '${type}'): ${expected}` : expected,
    )
  })

  it('takes its deadline in virtual time', async () => {
    const error = await rejection(simulate(() => asked('slow.test', 'A'), world))

    expect(error.message).toBe("resolve('slow.test', 'A'): no answer within 5000 ms (ETIMEDOUT)")
  })

  it('has records of a name that has no address', async () => {
    const records = { 'text.test': { TXT: [['hello']] } }

    const texts = await simulate(() => asked('text.test', 'TXT'), { records })
    const error = await rejection(simulate(() => asked('text.test', 'A'), { records }))

    expect(texts).toEqual([['hello']])
    expect(error).toMatchObject({ code: 'ENODATA' })
  })

  it('drops the answer to a question that was cancelled', async () => {
    const ended = await simulate(function* () {
      const asking = yield* spawn(asked, 'db.test', 'A' as DnsType)
      yield* sleep(0.5) // The answer takes a millisecond.
      yield* kill(asking)
      yield* sleep(10)
      return asking.outcome?.kind
    }, world)

    expect(ended).toBe('killed')
  })

  it('is shown with its arguments', async () => {
    const error = await rejection(
      simulate(function* () {
        yield* timeout(1, resolve('slow.test', 'MX'))
      }, world),
    )

    expect(error.message).toBe("resolve('slow.test', 'MX') was not done within 1 ms")
  })
})

describe('resolve, of a driver', () => {
  it('that asks no name servers is an error', async () => {
    const { lookup, connect, listen } = driverNamed('node')
    const driver: Driver = { name: 'own', lookup, connect, listen }

    const error = await rejection(run(asked('example.test', 'A', { driver })))

    expect(error).toMatchObject({
      code: 'ENOTSUP',
      message: "resolve('example.test', 'A'): the driver 'own' asks no name servers (ENOTSUP)",
    })
  })

  it('without sockets says what to do', async () => {
    const error = await rejection(run(asked('example.test', 'A', { driver: none })))

    expect(error).toMatchObject({
      code: 'ERR_BLUELET_DNS',
      message: expect.stringContaining('there are no sockets here'),
    })
  })

  it('that answers twice gives the first answer', async () => {
    const { lookup, connect, listen } = driverNamed('node')
    const driver: Driver = {
      name: 'own',
      lookup,
      connect,
      listen,
      resolve: (_query, done) => {
        queueMicrotask(() => done(null, ['10.0.0.7']))
        queueMicrotask(() => done(null, ['10.0.0.8']))
        return () => {}
      },
    }

    expect(await run(asked('example.test', 'A', { driver }))).toEqual(['10.0.0.7'])
  })
})

describe('resolve refuses', () => {
  it.each<[string, unknown[], string]>([
    ['an empty name', ['', 'A'], 'resolve(name, type): expected a name, got ""'],
    ['a number', [7, 'A'], 'resolve(name, type): expected a name, got 7'],
    ['a NUL', ['a\0b', 'A'], "resolve(name, type): a name cannot contain a NUL byte: 'a\\0b'"],
    ['a name that is too long', ['a.'.repeat(130), 'A'], 'a name has at most 253 characters, this one 260'],
    ['an unknown type', ['a.test', 'mx'], 'got "mx"'],
    ['no type', ['a.test'], 'got undefined'],
    ['no tries', ['a.test', 'A', { tries: 0 }], 'resolve: tries: expected an integer from 1 to 100, got 0'],
    ['half a try', ['a.test', 'A', { tries: 1.5 }], 'got 1.5'],
    ['a timeout of 0', ['a.test', 'A', { timeout: 0 }], 'resolve: timeout: expected ms > 0'],
    ['no servers', ['a.test', 'A', { servers: [] }], 'expected at least one address in an array'],
    ['one server', ['a.test', 'A', { servers: '127.0.0.1' }], 'got "127.0.0.1"'],
    [
      'the name of a server',
      ['a.test', 'A', { servers: ['dns.test'] }],
      `addresses such as '127.0.0.1:53', got "dns.test"`,
    ],
    ['a number of a server', ['a.test', 'A', { servers: [53] }], 'got 53'],
  ])('%s at the call', (_title, args, message) => {
    const call = () => (resolve as (...all: unknown[]) => unknown)(...args)

    expect(call).toThrow(message)
  })

  it.each(['127.0.0.1', '127.0.0.1:53', '::1', '[::1]', '[fd00::1]:5353'])('no server %s', (server) => {
    expect(() => resolve('a.test', 'A', { servers: [server] })).not.toThrow()
  })
})
