// What our sockets cost beside those of Node: CPU time for each echo, and memory for each idle connection. `--quick` is a
// short look; `--echo` and `--memory` measure one of the two.
import { compareEcho } from './echo.js'
import { describeMachine } from './machine.js'
import { compareMemory } from './memory.js'

const options = new Set(process.argv.slice(2))
const quick = options.has('--quick')
const both = options.has('--echo') === options.has('--memory')

console.log(describeMachine())
if (both || options.has('--echo')) {
  await compareEcho({ rounds: quick ? 2 : 9, seconds: quick ? 0.5 : 1.5, warmUpSeconds: quick ? 0.5 : 2 })
}
if (both || options.has('--memory')) {
  await compareMemory({ rounds: quick ? 1 : 3, connections: quick ? 2000 : 10_000 })
}
