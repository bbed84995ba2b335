import { describe, expect, it } from 'vitest'
import {
  BEGAN,
  makeCounters,
  RUNNING_SCHEDULER,
  RUNNING_TASK,
} from '../../../packages/net/src/monitor/counters.js'
import { Front } from '../../../packages/net/src/monitor/front.js'
import { InspectorQueue } from '../../../packages/net/src/monitor/inspector-queue.js'
import { Link } from '../../../packages/net/src/monitor/link.js'
import type { Question } from '../../../packages/net/src/monitor/messages.js'
import { Top } from '../../../packages/net/src/monitor/top.js'
import { PlayedSession } from './played-session.js'

/** A thread without coroutines, where an expression is its own value. */
function echoing(frames: readonly object[] | null): PlayedSession {
  return new PlayedSession((method, session, params) => {
    if (method === 'Debugger.enable' && frames === null) return new Error('no debugger')
    if (method === 'Debugger.pause' && frames?.length === 1)
      session.tell('Debugger.paused', { callFrames: frames })
    if (method === 'Runtime.getProperties') return { result: [] }
    return { result: { type: 'string', value: (params as { expression?: string }).expression } }
  })
}

/** A front whose monitored thread answers as the test says. */
function world(
  reply: (question: Question, link: Link) => void,
  reachable: string | null = 'there',
  frames: readonly object[] | null = null,
) {
  const counters = makeCounters()
  const link: Link = new Link((question) => reply(question, link))
  const parts = {
    link,
    top: new Top(counters, () => 1000),
    inspector: new InspectorQueue(() => echoing(frames)),
    reachable,
    control: false,
    after: async () => undefined,
  }
  return { counters, link, front: new Front(parts) }
}

/** A thread that answers at once. */
function prompt({ id, command }: Question, link: Link): void {
  link.answered({ kind: 'answer', id, text: `<${command}>\n`, more: false })
}

describe('Front', () => {
  it('passes commands on, and joins the parts of answers', async () => {
    const { front, link } = world(({ id, command }, link) => {
      link.answered({ kind: 'answer', id, text: `${command}: `, more: true })
      link.answered({ kind: 'answer', id, text: 'done\n', more: false })
      link.answered({ kind: 'answer', id, text: 'too late\n', more: false })
    })

    expect(await front.answer('ps x')).toBe('ps x: done\n')
    expect(link.size).toBe(0)
  })

  it('answers help and top by itself', async () => {
    const { front } = world(() => expect.unreachable())

    expect(await front.answer('help')).toMatch(/^ps \[NAME\] .*\n(.*\n)+quit .*\n$/)
    expect(await front.answer('top')).toMatch(/^0 tasks; .*\n/)
  })

  it('adds the lines to where', async () => {
    expect(await world(prompt).front.answer('where 3')).toBe('<where 3>\n')
    expect(await world(prompt, null).front.answer('where 3')).toBe(
      '<where 3>\nno lines: the inspector reaches the main thread only\n',
    )
  })

  it('answers by the inspector if the loop does not', async () => {
    const { front, counters } = world(() => {})
    counters[RUNNING_SCHEDULER] = 1
    counters[RUNNING_TASK] = 3
    counters[BEGAN] = 600

    expect(await front.answer('why 3')).toBe(
      [
        'the loop does not answer: a step of task 3 has run for 400 ms',
        'what it runs is not known: no debugger',
        'there.answer("why 3")\n',
      ].join('\n'),
    )
    expect(await front.answer('cancel 3')).toBe(
      'the loop does not answer: a step of task 3 has run for 400 ms; the task is cancelled once it does\n',
    )
    counters[RUNNING_TASK] = 0
    expect(await front.answer('ps')).toMatch(
      /^the loop does not answer: it runs code that is no step of a task\n/,
    )
  })

  it('waits for a trace for as long as it takes', async () => {
    const { front } = world(({ id }, link) => {
      setTimeout(() => link.answered({ kind: 'answer', id, text: '{}\n', more: false }), 1)
    })

    expect(await front.answer('trace 5s')).toBe('{}\n')
  })

  it('shows the frames of what runs', async () => {
    const frame = { functionName: 'busy', location: { scriptId: '1', lineNumber: 1 } }
    const { front } = world(() => {}, 'there', [frame])

    expect(await front.answer('tree')).toContain('\nright now it runs\n    at busy (unknown:2:1)\n')
  })

  it('does not wait for a loop whose step has run for half a second', async () => {
    let questions = 0
    const { front, counters } = world((question, link) => {
      questions++
      prompt(question, link)
    })
    counters[RUNNING_SCHEDULER] = 1
    counters[RUNNING_TASK] = 3
    counters[BEGAN] = 400

    expect(await front.answer('ps')).toMatch(
      /^the loop does not answer: a step of task 3 has run for 600 ms\n/,
    )
    expect(questions).toBe(0)
  })
})
