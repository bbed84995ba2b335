// Opens many connections to a server and keeps them. At the line `echo`, it sends a message on each
// and waits for all of them to come back. It uses several source addresses, because one has only
// 28,000 ports.
import { once } from 'node:events'
import net from 'node:net'

const [port, count] = process.argv.slice(2).map(Number)

/**
 * Number of simultaneous connects: fewer than the shortest queue between the kernel and a handler.
 */
const AT_ONCE = 64

const sockets = []
let begun = 0

await Promise.all(Array.from({ length: AT_ONCE }, openSome))
console.log('open')

for await (const question of process.stdin) {
  if (String(question).trim() !== 'echo') continue
  for (const socket of sockets) {
    socket.write('x')
    await once(socket, 'data')
  }
  console.log('echoed')
}
process.exit()

async function openSome() {
  while (begun < count) {
    const localAddress = `127.0.0.${2 + (begun++ % 8)}`
    const socket = net.connect({ host: '127.0.0.1', port, localAddress })
    socket.on('error', fail)
    socket.on('end', () => fail(new Error('the server has closed a connection')))
    await once(socket, 'connect')
    sockets.push(socket)
  }
}

function fail(error) {
  console.error(`the idle clients: ${error.message}`)
  process.exit(1)
}
