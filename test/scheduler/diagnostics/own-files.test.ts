// The stack frames that a call site omits: those of the library, if the library has files of its
// own.
import { registerOwnFiles } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { isOwnFrame } from '../../../packages/scheduler/src/diagnostics/own-files.js'

const PLACES = ['dist/library.js', 'src/own-files.ts']

describe('the omitted frames', () => {
  it("are those of this package's sources and of its build", () => {
    const root = new URL('../../../packages/scheduler/', import.meta.url).pathname

    expect(isOwnFrame(`step (${root}src/core/trampoline.ts:1:2)`)).toBe(true)
    expect(isOwnFrame(`step (${root}dist/bluelet-scheduler.js:1:2)`)).toBe(true)
    expect(isOwnFrame(`main (${root}bench/index.ts:1:2)`)).toBe(false)
    expect(isOwnFrame('main (/home/me/src/core/trampoline.ts:1:2)')).toBe(false)
  })

  it.each(['dist/library.js', 'src/own-files.ts'])(
    'are those of a library that registers from %s',
    (place) => {
      const root = `/registered/${place.length}/node_modules/library/`

      registerOwnFiles(`file://${root}${place}`, PLACES)

      expect(isOwnFrame(`run (${root}dist/chunk.js:1:2)`)).toBe(true)
      expect(isOwnFrame(`run (${root}src/chunk.ts:1:2)`)).toBe(true)
      expect(isOwnFrame('run (/registered/node_modules/other/dist/chunk.js:1:2)')).toBe(false)
    },
  )

  it('have the path as the engine writes it, encoded or not', () => {
    registerOwnFiles('file:///with%20space/dist/library.js', PLACES)

    expect(isOwnFrame('run (/with%20space/dist/library.js:1:2)')).toBe(true)
    expect(isOwnFrame('run (/with space/dist/library.js:1:2)')).toBe(true)
  })

  it.each([
    ['a bundle', 'file:///bundled/dist/server.js'],
    ['a bundle of the sources', 'file:///bundled/src/server.ts'],
    ['a file whose name only ends like that', 'file:///bundled/dist/my-library.js'],
    ['a bundle without import.meta.url', undefined],
  ])('do not exist in %s', (_where, url) => {
    registerOwnFiles(url, PLACES)

    expect(isOwnFrame('main (/bundled/dist/server.js:1:2)')).toBe(false)
    expect(isOwnFrame('main (/bundled/src/server.ts:1:2)')).toBe(false)
  })
})
