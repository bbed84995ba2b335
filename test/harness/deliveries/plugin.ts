// Runs a program of combinations to its end, and says what did not arrive.
import {
  all,
  allSettled,
  Cancelled,
  type Coroutine,
  call,
  type Event,
  group,
  race,
  Scheduler,
  shield,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { internals } from '../../support/internals.js'
import { leftIn } from '../leftovers.js'
import { Goods, Message } from './goods.js'
import type { Happening, Program, Receiver, Tree } from './programs.js'

const GRACE_MS = 4
/** No program takes so many steps. */
const MAX_STEPS = 50_000

/** @returns what was wrong */
export function complaintsOf({ receivers, happenings, choices }: Program): string[] {
  let choice = 0
  const schedule = { choose: (n: number) => (choices[choice++] ?? 0) % n }
  const host = new VirtualHost({ manual: true, schedule })
  const scheduler = new Scheduler({ host, sites: false })
  const { timers } = internals(scheduler)
  internals(scheduler).grace = GRACE_MS
  const goods = new Goods()
  const supervisor = { adopt() {}, fail() {}, disown() {} }
  const tasks = receivers.map((receiver) =>
    internals(scheduler).spawnUnder(supervisor, () => receiving(goods, receiver)),
  )
  for (const happening of happenings)
    internals(scheduler).spawnUnder(supervisor, () => happens(goods, happening, tasks))

  let steps = 0
  for (let rounds = 0; steps < MAX_STEPS; steps++) {
    if (scheduler.step()) continue
    const left = [...internals(scheduler).tasks]
    if (left.length === 0) break
    if (timers.size > 0) host.advance(timers.earliest - host.now())
    else if (rounds++ > 2) return [`${left.join(', ')} cannot be killed`]
    else for (const task of left) internals(scheduler).cancel(task)
  }
  return [...(steps === MAX_STEPS ? ['it does not end'] : []), ...goods.check(), ...leftIn(scheduler)]
}

function* receiving(goods: Goods, { trees, last }: Receiver): Coroutine<void> {
  try {
    for (const tree of trees) yield* keeping(goods, tree)
  } finally {
    if (last !== null) yield* keeping(goods, last)
  }
}

function* keeping(goods: Goods, tree: Tree): Coroutine<void> {
  try {
    goods.keep(yield eventOf(goods, tree))
  } catch (error) {
    if (error instanceof Cancelled) throw error
  }
}

function* boxing(goods: Goods, tree: Tree): Coroutine<unknown> {
  const value: unknown = yield eventOf(goods, tree)
  return goods.box(value)
}

function eventOf(goods: Goods, tree: Tree): Event<unknown> {
  switch (tree.kind) {
    case 'receive':
      return goods.channel(tree.channel).receive()
    case 'acquire':
      return goods.semaphore.acquire()
    case 'make':
      return goods.make(tree.ms)
    case 'sleep':
    case 'fail':
      return goods.after(tree.ms, tree.kind === 'fail')
    case 'race':
      return race(tree.trees.map((tree) => eventOf(goods, tree)))
    case 'all':
    case 'allSettled': {
      const combine = tree.kind === 'all' ? all : allSettled
      const events = tree.trees.map((tree) => eventOf(goods, tree))
      return combine(events, tree.limit === null ? {} : { limit: tree.limit })
    }
    case 'timeout':
      return timeout(tree.ms, eventOf(goods, tree.tree))
    case 'call':
      // As a branch. What a callee on the task's own stack returns to a caller that is ended is the
      // program's to lose.
      return race([call(boxing, goods, tree.tree)])
    case 'shield':
      return shield(boxing, goods, tree.tree)
    case 'group':
      return group(
        function* (g) {
          for (const other of tree.others) yield* g.spawn(keeping, goods, other)
          return yield* boxing(goods, tree.tree)
        },
        tree.limit === null ? {} : { limit: tree.limit },
      )
  }
}

function* happens(goods: Goods, happening: Happening, tasks: readonly unknown[]): Coroutine<void> {
  yield* sleep(happening.ms)
  switch (happening.kind) {
    case 'send': {
      const message = new Message()
      yield* goods.channel(happening.channel).send(message)
      goods.sent.push(message)
      return
    }
    case 'close':
      return goods.channel(happening.channel).close()
    case 'kill': {
      const task = tasks[happening.receiver % tasks.length] as Task
      yield* spawn(function* killer() {
        internals(task).cancel(task, happening.grace)
      })
    }
  }
}
