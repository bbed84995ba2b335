/**
 * The commands that the monitored thread answers at once.
 */

import { runtimeOf } from '@bluelet/scheduler/lowlevel'
import { labelOf, ps, tree, where, why } from './answers.js'
import { printable } from './text.js'
import { waits } from './waits.js'
import type { Found, Watches } from './watches.js'

/** Answers a command: `ps echo`, `where 3`. Every answer ends with a line feed. */
export function answer(watches: Watches, command: string, control: boolean): string {
  const [name = '', argument = ''] = command.split(/ +/)
  try {
    return linesFor(watches, name, argument, control)
      .map((line) => `${line}\n`)
      .join('')
  } catch (error) {
    return `${name} failed: ${printable(String(error))}\n`
  }
}

function linesFor(watches: Watches, name: string, argument: string, control: boolean): string[] {
  switch (name) {
    case 'ps':
      return ps(watches, argument)
    case 'tree':
      return tree(watches)
    case 'where':
      // Without an id it is answered by the inspector alone.
      return /^\D*$/.test(argument) ? [] : ofTask(watches, name, argument, where)
    case 'why':
      return ofTask(watches, name, argument, why)
    case 'waits':
      return waits(watches)
    case 'cancel':
      if (!control) return ['cancel: not allowed; the program has to begin with monitor({ control: true })']
      return ofTask(watches, name, argument, cancel)
    default:
      return [`there is no command ${JSON.stringify(printable(name))}; help lists the commands`]
  }
}

function ofTask(
  watches: Watches,
  name: string,
  argument: string,
  answer: (found: Found) => string[],
): string[] {
  if (argument === '') return [`${name}: expected the id of a task, as ps shows it: ${name} 3`]
  const found = watches.find(argument)
  if (found === undefined) return [`${name}: there is no task ${printable(argument)}, or it has ended`]
  return answer(found)
}

function cancel({ watch, watched }: Found): string[] {
  runtimeOf(watch.scheduler).cancel(watched.task)
  return [`${labelOf(watch, watched)} is being cancelled`]
}
