// The same subset of Redis with callbacks on node:net: a parser that goes on where it stopped, and
// one write for all of the replies to what has come.
import net from 'node:net'
import { BACKLOG, listening } from '../control.js'
import { replyTo } from './commands.js'

const LINE_FEED = 10

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  let rest = null
  socket.on('data', (data) => {
    const input = rest === null ? data : Buffer.concat([rest, data])
    let [from, replies] = [0, '']
    for (let parsed = parse(input, 0); parsed !== null; parsed = parse(input, from)) {
      replies += replyTo(parsed.words)
      from = parsed.end
    }
    rest = from < input.length ? input.subarray(from) : null
    if (replies !== '') socket.write(replies, 'latin1')
  })
  socket.on('end', () => socket.end())
  socket.on('error', () => socket.destroy())
})

/** Parses one command; null if it is not complete. */
function parse(input, from) {
  let end = input.indexOf(LINE_FEED, from)
  if (end < 0) return null
  const words = []
  for (let n = number(input, from + 1, end - 1); n > 0; n--) {
    const begin = end + 2
    const lineEnd = input.indexOf(LINE_FEED, begin)
    if (lineEnd < 0) return null
    const size = number(input, begin, lineEnd - 1)
    end = lineEnd + size + 2
    if (end >= input.length) return null
    words.push(input.toString('latin1', lineEnd + 1, end - 1))
  }
  return { words, end: end + 1 }
}

function number(input, from, to) {
  return Number(input.toString('latin1', from, to))
}

server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG }, () => listening(server.address().port))
