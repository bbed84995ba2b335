// The addresses of names, as the system or the simulation has them.
import { Address, DnsError, type LookupOptions, lookup } from '@bluelet/net'
import { type NetworkOptions, simulate } from '@bluelet/net/testing'
import { type Coroutine, kill, run, sleep, spawn, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { epollDriver } from '../../../packages/net/src/drivers/epoll/driver.js'
import { rejection } from '../world.js'

function* looked(host: string, options: LookupOptions = {}): Coroutine<Address[]> {
  return yield* lookup(host, options)
}

const world: NetworkOptions = {
  names: { 'db.test': ['fd00::7', '10.0.0.7', '10.0.0.8'], 'gone.test': 'EAI_AGAIN', 'slow.test': 'hang' },
}

describe.each(['node', 'epoll'] as const)('lookup, on the driver %s', (driver) => {
  const unbuilt = driver === 'epoll' && epollDriver() instanceof Error

  it.skipIf(unbuilt)('gives the addresses of this machine', async () => {
    const found = await run(looked('localhost', { driver }))

    expect(found[0]).toBeInstanceOf(Address)
    expect(['127.0.0.1', '::1']).toContain(found[0]!.host)
    expect(found[0]!.port).toBe(0)
  })

  it.skipIf(unbuilt)('gives an address as itself', async () => {
    expect(await run(looked('127.0.0.1', { driver }))).toEqual([new Address('127.0.0.1', 0)])
  })
})

describe('lookup, in a simulation', () => {
  it.each<[LookupOptions['family'], string[]]>([
    [undefined, ['fd00::7', '10.0.0.7', '10.0.0.8']],
    [4, ['10.0.0.7', '10.0.0.8']],
    [6, ['fd00::7']],
  ])('gives the addresses of family %s in the order of the system', async (family, hosts) => {
    const found = await simulate(() => looked('db.test', family && { family }), world)

    expect(found.map(({ host }) => host)).toEqual(hosts)
  })

  it.each<[string, LookupOptions, string, string]>([
    ['other.test', {}, 'the name does not exist (ENOTFOUND)', 'ENOTFOUND'],
    [
      'gone.test',
      {},
      'the resolver of the system has no answer now; try again later (EAI_AGAIN)',
      'EAI_AGAIN',
    ],
    ['localhost', { family: 6 }, 'the name has no IPv6 address (ENODATA)', 'ENODATA'],
    ['slow.test', {}, 'no answer within 10000 ms (ETIMEDOUT)', 'ETIMEDOUT'],
    ['slow.test', { timeout: 20 }, 'no answer within 20 ms (ETIMEDOUT)', 'ETIMEDOUT'],
  ])('says of %s what is wrong', async (host, options, reason, code) => {
    const error = await rejection(simulate(() => looked(host, options), world))

    expect(error).toBeInstanceOf(DnsError)
    expect(error).toMatchObject({ code, message: `lookup('${host}'): ${reason}` })
  })

  it('of a driver that gives no address is an error', async () => {
    const error = await rejection(simulate(() => looked('empty.test'), { names: { 'empty.test': [] } }))

    expect(error.message).toBe("lookup('empty.test'): the name has no address (ENODATA)")
  })

  it('ignores the answer to a task that was killed', async () => {
    const ended = await simulate(function* () {
      const looking = yield* spawn(looked, 'db.test')
      yield* sleep(0.5) // The answer takes a millisecond.
      yield* kill(looking)
      yield* sleep(10)
      return looking.outcome?.kind
    }, world)

    expect(ended).toBe('killed')
  })
})

describe('a wait for a look-up', () => {
  it('is shown with its name', async () => {
    const error = await rejection(
      simulate(function* () {
        yield* timeout(1, lookup('slow.test'))
      }, world),
    )

    expect(error.message).toBe("lookup('slow.test') was not done within 1 ms")
  })
})

describe('lookup refuses', () => {
  it.each<[string, unknown[], string]>([
    ['an empty name', [''], 'lookup(host): expected a name, got ""'],
    ['no name', [], 'lookup(host): expected a name, got undefined'],
    ['a NUL', ['evil\0.test'], "a name cannot contain a NUL byte: 'evil\\0.test'"],
    ['a name that is too long', ['a'.repeat(300)], 'a name has at most 253 characters, this one 300'],
    ['a family', ['a.test', { family: 5 }], 'lookup: family: expected 4 or 6, got 5'],
    ['a timeout', ['a.test', { timeout: -1 }], 'lookup: timeout: expected ms > 0'],
  ])('%s at the call', (_title, args, message) => {
    expect(() => (lookup as (...all: unknown[]) => unknown)(...args)).toThrow(message)
  })
})
