import { Address } from '@bluelet/net'
import { describe, expect, it } from 'vitest'

describe('Address', () => {
  it('is written with a colon, an IPv6 address in brackets', () => {
    const texts = [new Address('127.0.0.1', 80), new Address('::1', 4915)].map(String)

    expect(texts).toEqual(['127.0.0.1:80', '[::1]:4915'])
  })

  it('writes an IPv4 address that came by IPv6 as an IPv4 address', () => {
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
})
