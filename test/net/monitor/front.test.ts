import { describe, expect, it } from 'vitest'
import {
  BEGAN,
  makeCounters,
  RUNNING_SCHEDULER,
  RUNNING_TASK,
} from '../../../packages/net/src/monitor/counters.js'
import { Front } from '../../../packages/net/src/monitor/front.js'
import { Link } from '../../../packages/net/src/monitor/link.js'
import type { Question } from '../../../packages/net/src/monitor/messages.js'
import { Top } from '../../../packages/net/src/monitor/top.js'

/** A front whose monitored thread answers as the test says. */
function world(reply: (question: Question, link: Link) => void) {
  const counters = makeCounters()
  const link: Link = new Link((question) => reply(question, link))
  const top = new Top(counters, () => 1000)
  return { counters, link, front: new Front(link, top, async () => null) }
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

  it('says for how long a step has run if the loop does not answer', async () => {
    const { front, counters } = world(() => {})
    counters[RUNNING_SCHEDULER] = 1
    counters[RUNNING_TASK] = 3
    counters[BEGAN] = 400

    expect(await front.answer('ps')).toBe('the loop does not answer: a step of task 3 has run for 600 ms\n')
    expect(await front.answer('cancel 3')).toMatch(/; the task is cancelled once it does\n$/)
    counters[RUNNING_TASK] = 0
    expect(await front.answer('ps')).toBe(
      'the loop does not answer: it runs code that is no step of a task\n',
    )
  })
})
