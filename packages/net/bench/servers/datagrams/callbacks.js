// An echo of datagrams with callbacks on node:dgram: the minimum in Node.
import dgram from 'node:dgram'
import { listening } from '../control.js'

const socket = dgram.createSocket('udp4')
socket.on('message', (data, { port, address }) => socket.send(data, port, address))
socket.bind({ address: '127.0.0.1', port: 0 }, () => listening(socket.address().port))
