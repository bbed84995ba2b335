// What the running version of Node can do with Unix sockets.
import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../../../packages/net/src/drivers/node/versions.js'
import { hasAbstractNames } from '../../unix/paths.js'

describe('refusalOf', () => {
  it('refuses a path that Node would cut off', () => {
    const refusals = [103, 108].map((length) => refusalOf(`/${'x'.repeat(length - 1)}`))

    expect(refusals).toEqual([undefined, 'ENAMETOOLONG'])
  })

  it('refuses an abstract name where Node does not know them', () => {
    expect(refusalOf('@name')).toBe(hasAbstractNames('node') ? undefined : 'ENOTSUP')
  })
})
