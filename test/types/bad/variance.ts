import type { Coroutine, Event, Task } from '@bluelet/scheduler'

export function narrows(
  event: Event<string>,
  task: Task<string>,
  coroutine: Coroutine<string>,
): readonly unknown[] {
  // error: Type 'string' is not assignable to type 'number'
  const otherEvent: Event<number> = event
  // error: Type 'string' is not assignable to type 'number'
  const otherTask: Task<number> = task
  // error: Type 'string' is not assignable to type 'number'
  const otherCoroutine: Coroutine<number> = coroutine
  // error: Type 'string' is not assignable to type '"a"'
  const narrowEvent: Event<'a'> = event
  // error: Type 'string' is not assignable to type '"a"'
  const narrowTask: Task<'a'> = task
  // error: Type 'Promise<string>' is missing the following properties from type 'Event<string>'
  const forged: Event<string> = Promise.resolve('text')
  // error: is missing
  const forgedTask: Task<string> = { id: 1, name: 'forged' }
  // error: is not assignable to type 'Coroutine
  const numbers: Coroutine<string> = numberGenerator()
  return [otherEvent, otherTask, otherCoroutine, narrowEvent, narrowTask, forged, forgedTask, numbers]
}

function* numberGenerator(): Generator<number, string, unknown> {
  yield 1
  return ''
}

export function changes(task: Task): void {
  // error: Cannot assign to 'id' because it is a read-only property
  task.id = 2
  // error: Cannot assign to 'name' because it is a read-only property
  task.name = 'renamed'
  // error: Cannot assign to 'outcome' because it is a read-only property
  task.outcome = undefined
}

// error: Property 'Task' does not exist
export const made: unknown = new (await import('@bluelet/scheduler')).Task()
