// A chat: each line that a member sends goes to all the others. After the class-based chat server of Learning Python Network
// Programming by M. O. Faruque Sarker and Sam Washington, with the limit that they recommend: when it is full, new clients are
// turned away at once. Run the first command, and the second in other terminals:
//
//   node --import tsx examples/chat/server.ts
//   nc 127.0.0.1 4916

import { server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'
import { Room } from './room.js'

const port = Number(process.env.PORT ?? 4916)
const maxConnections = Number(process.env.MEMBERS ?? 100)
const room = new Room()

await run(
  server('', port, (conn) => room.stay(conn), {
    maxConnections,
    overload: 'close',
    // Members may be silent for any length of time.
    idleTimeout: Number.POSITIVE_INFINITY,
    idle: 'reader', // A member whose next line has not begun is not waited for at the end.
    onDrop: (reason, address) => console.log(`${address} was turned away: ${reason}`),
    onError: (error, conn) => console.log(`${conn.remoteAddress}: ${error}`),
    onListening: ({ address }) => {
      console.log(`chat on port ${address.port}; try: nc 127.0.0.1 ${address.port}   (Ctrl+C ends it)`)
    },
  }),
)
