// Counts datagrams with callbacks on node:dgram.
import dgram from 'node:dgram'
import { listening } from '../control.js'
import { LAST } from './last.js'

let count = 0
const socket = dgram.createSocket('udp4')
socket.on('message', (data, { port, address }) => {
  count++
  if (data[0] === LAST) socket.send(`${count}`, port, address)
})
socket.bind({ address: '127.0.0.1', port: 0 }, () => listening(socket.address().port))
