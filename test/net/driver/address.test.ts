import { Address } from '@bluelet/net'
import { describe, expect, it } from 'vitest'
import { shownHost } from '../../../packages/net/src/driver/address.js'

describe('Address', () => {
  it('prints with a colon, and an IPv6 address in brackets', () => {
    const texts = [new Address('127.0.0.1', 80), new Address('::1', 4915)].map(String)

    expect(texts).toEqual(['127.0.0.1:80', '[::1]:4915'])
  })

  it('prints an IPv4 address mapped to IPv6 as an IPv4 address', () => {
    const addresses = [new Address('::ffff:127.0.0.1', 1), new Address('::FFFF:10.0.0.1', 2)]

    expect(addresses.map(String)).toEqual(['127.0.0.1:1', '10.0.0.1:2'])
    expect(addresses.map(({ family }) => family)).toEqual([4, 4])
  })

  it('knows its family', () => {
    const families = [new Address('127.0.0.1', 1), new Address('::', 1), new Address('fe80::1', 1)].map(
      ({ family }) => family,
    )

    expect(families).toEqual([4, 6, 6])
  })

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['fe80::1%lo', 'fe80:0:0:0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::3:4:5:6', '2001:db8:0:0'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2'],
    ['2001::2:3:4:5:6', '2001:0:0:2'],
    ['::2:3:4:5:6:7:8', '0:2:3:4'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0'],
    ['2001:0DB8:0001:0002::6', '2001:db8:1:2'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8:0:0'],
  ])('gives its owner, for the limit per address: %s to %s', (host, owner) => {
    expect(new Address(host, 1).owner).toBe(owner)
  })
})

describe('shownHost', () => {
  it.each([
    ['example.com', 'example.com'],
    ['b\u00fccher.example', 'b\u00fccher.example'],
    ['a\0.example', 'a\\0.example'],
    ['a\r\nb', 'a\\u{d}\\u{a}b'],
    ['\x1b[2J\x9b', '\\u{1b}[2J\\u{9b}'],
    ['\u202eelpmaxe\u2028', '\\u{202e}elpmaxe\\u{2028}'],
    ['x'.repeat(256), `${'x'.repeat(255)}...`],
  ])('makes %j fit for a message', (host, shown) => {
    expect(shownHost(host)).toBe(shown)
  })
})
