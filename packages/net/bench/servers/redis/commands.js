// The commands of a small Redis: what to reply, without the network.

const values = new Map()

/** Returns the reply to a command, in the protocol of Redis. */
export function replyTo([name, key, value]) {
  switch (name.toUpperCase()) {
    case 'SET':
      values.set(key, value)
      return '+OK\r\n'
    case 'GET': {
      const found = values.get(key)
      return found === undefined ? '$-1\r\n' : `$${found.length}\r\n${found}\r\n`
    }
    case 'PING':
      return '+PONG\r\n'
    default:
      return `-ERR unknown command '${name}'\r\n`
  }
}
