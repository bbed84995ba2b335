import { describe, expect, it } from 'vitest'
import { Inspection, type InspectorSession } from '../../../packages/net/src/monitor/inspector.js'
import { InspectorQueue, openInspector } from '../../../packages/net/src/monitor/inspector-queue.js'
import { placesOf } from '../../../packages/net/src/monitor/places.js'
import { PlayedSession, property, threadWith } from './played-session.js'

/** Three coroutines: one that is suspended, one that has ended, and something else. */
const THREAD = threadWith({
  array: {
    result: [
      ...['first#1', 'second#2', 'third#3'].flatMap((label, i) => [
        property(`${2 * i}`, { type: 'string', value: label }),
        property(`${2 * i + 1}`, {
          type: 'object',
          ...(i < 2 ? { subtype: 'generator' } : {}),
          ...(i === 0 ? { description: 'waiter' } : { description: 'Generator' }),
          objectId: `coroutine ${i}`,
        }),
      ]),
      property('length', { type: 'number', value: 6 }),
    ],
  },
  'coroutine 0': {
    internalProperties: [
      property('[[GeneratorState]]', { type: 'string', value: 'suspended' }),
      property('[[GeneratorLocation]]', { type: 'object', value: { scriptId: '1', lineNumber: 6 } }),
      property('[[Scopes]]', { type: 'object', objectId: 'scopes' }),
    ],
  },
  'coroutine 1': {
    internalProperties: [property('[[GeneratorState]]', { type: 'string', value: 'closed' })],
  },
  scopes: {
    result: [
      property('0', { type: 'object', description: 'Block (waiter)', objectId: 'block' }),
      property('1', { type: 'object', description: 'Local (waiter)', objectId: 'local' }),
      property('2', { type: 'object', description: 'Closure', objectId: 'closure' }),
    ],
  },
  block: { result: [property('word', { type: 'string', value: 'hello' }), property('getter')] },
  local: {
    result: [
      property('n', { type: 'number', value: 8, description: '8' }),
      property('nothing', { type: 'undefined' }),
      property('call', { type: 'function' }),
      property('long', { type: 'string', value: 'y'.repeat(500) }),
      property('map', {
        type: 'object',
        description: 'Object',
        preview: { overflow: true, properties: [{ name: 'a', value: '1' }, { name: 'b' }] },
      }),
    ],
  },
  closure: { result: [property('outside', { type: 'number', value: 1 })] },
})

describe('placesOf', () => {
  it('gives the lines of suspended coroutines', async () => {
    const session = new PlayedSession(THREAD)

    expect(await placesOf(new Inspection(session), 'pairs', false)).toEqual([
      'first#1 in waiter at /app/a b.js:7:1',
      'second#2 closed',
      'third#3: its coroutine is no generator',
    ])
    expect(session.posted.filter((method) => method === 'Debugger.enable')).toHaveLength(1)
  })

  it('gives the variables of the function, if that is allowed', async () => {
    const lines = await placesOf(new Inspection(new PlayedSession(THREAD)), 'pairs', true)

    expect(lines[1]?.split(', ').map((line) => line.trim())).toEqual([
      'word = "hello"',
      'getter = (an accessor)',
      'n = 8',
      'nothing = undefined',
      'call = a function',
      `long = "${'y'.repeat(79)}...`,
      'map = Object {a: 1',
      'b: ...',
      '...}',
    ])
  })

  it('gives no variables where there are no scopes', async () => {
    const bare = threadWith({
      array: {
        result: [
          property('0', { type: 'string', value: 'first#1' }),
          property('1', { type: 'object', subtype: 'generator', objectId: 'coroutine' }),
        ],
      },
      coroutine: {
        internalProperties: [
          property('[[GeneratorState]]', { type: 'string', value: 'suspended' }),
          property('[[GeneratorLocation]]', {
            type: 'object',
            value: { scriptId: '9', lineNumber: 0, columnNumber: 4 },
          }),
        ],
      },
    })

    expect(await placesOf(new Inspection(new PlayedSession(bare)), 'pairs', true)).toEqual([
      'first#1 at unknown:1:5',
    ])
  })
})

describe('Inspection', () => {
  it('evaluates, and throws what the expression throws', async () => {
    const answers: Record<string, object> = {
      fine: { result: { type: 'number', value: 42 } },
      thrown: {
        result: {},
        exceptionDetails: { text: 'Uncaught', exception: { description: 'Error: it failed' } },
      },
      bare: { result: {}, exceptionDetails: { text: 'Uncaught' } },
    }
    const session = new PlayedSession(
      (_method, _session, params) => answers[(params as { expression: string }).expression],
    )
    const inspection = new Inspection(session)

    expect(await inspection.evaluate('fine')).toBe(42)
    await expect(inspection.evaluate('thrown')).rejects.toThrow('Error: it failed')
    await expect(inspection.evaluate('bare')).rejects.toThrow('Uncaught')
  })

  it('pauses for the frames of what runs, and lets it go on', async () => {
    const session = new PlayedSession((method, session) => {
      if (method === 'Debugger.enable') {
        session.tell('Debugger.scriptParsed', { scriptId: '1', url: 'file:///app/a%20b.js' })
        session.tell('Debugger.scriptParsed', { scriptId: '2', url: '' })
      }
      if (method === 'Debugger.pause') {
        const frame = (functionName: string, scriptId: string) => ({
          functionName,
          location: { scriptId, lineNumber: 1, columnNumber: 2 },
        })
        session.tell('Debugger.paused', { callFrames: [frame('busy', '1'), frame('', '2'), frame('', '3')] })
      }
      return {}
    })

    expect(await new Inspection(session).frames()).toEqual([
      'busy (/app/a b.js:2:3)',
      'unknown:2:3',
      'unknown:2:3',
    ])
    expect(session.posted).toEqual(['Debugger.enable', 'Debugger.pause', 'Debugger.resume'])
  })

  it('leaves alone what another debugger has paused', async () => {
    const session = new PlayedSession((method, session) => {
      if (method === 'Debugger.enable') session.tell('Debugger.paused', { callFrames: [] })
      return {}
    })

    await expect(new Inspection(session).frames()).rejects.toThrow('another debugger has paused the program')
    expect(session.posted).toEqual(['Debugger.enable'])
  })

  it('gives no frames if nothing of JavaScript runs', async () => {
    const session = new PlayedSession((method) => (method === 'Debugger.pause' ? new Error('failed') : {}))

    expect(await new Inspection(session, 5).frames()).toBe(undefined)
  })

  it('does not wait forever for an answer', async () => {
    const session = new PlayedSession(() => undefined)

    await expect(new Inspection(session, 5).evaluate('1')).rejects.toThrow(
      'the program does not answer its inspector',
    )
  })
})

describe('InspectorQueue', () => {
  it('opens a session for one answer after another, and closes it', async () => {
    const sessions: PlayedSession[] = []
    const open = () => {
      expect(sessions.every(({ closed }) => closed)).toBe(true)
      sessions.push(new PlayedSession(() => ({ result: { type: 'number', value: sessions.length } })))
      return sessions.at(-1) as InspectorSession
    }
    const queue = new InspectorQueue(open)

    const lines = await Promise.all(
      [1, 2].map(() => queue.lines(async (inspection) => [`${await inspection.evaluate('x')}`])),
    )

    expect(lines).toEqual([['1'], ['2']])
    expect(sessions.map(({ closed }) => closed)).toEqual([true, true])
  })

  it('says why there is no inspector', async () => {
    const queue = new InspectorQueue(() => {
      throw new Error('Inspector is not available')
    })

    expect(await queue.lines(async () => expect.unreachable())).toEqual([
      'no lines: Inspector is not available',
    ])
  })

  it('cannot be attached to the main thread from the main thread', async () => {
    const queue = new InspectorQueue(openInspector)

    expect(await queue.lines(async () => expect.unreachable())).toEqual([
      expect.stringMatching(/^no lines: .*worker/i),
    ])
  })
})
