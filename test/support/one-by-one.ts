// Runs the programs that it is given, one after another in one process, and each until nothing is
// left to happen in it:
//
//   node one-by-one.js examples/learn/01-pause.js ...
//
// The output of each lies between "=== FILE" and, once it has ended, "=== end".
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const files = process.argv.slice(2)
let loaded = false

process.on('beforeExit', () => {
  if (loaded) console.log('=== end')
  loaded = false
  const file = files.shift()
  if (file !== undefined) void run(file)
})

async function run(file: string): Promise<void> {
  console.log(`=== ${file}`)
  // An import that waits for nothing but itself does not keep a process; and one that is there at
  // once would be the last.
  const waiting = setInterval(() => {}, 1e9)
  await import(pathToFileURL(path.resolve(file)).href)
  setImmediate(() => {
    clearInterval(waiting)
    loaded = true
  })
}
