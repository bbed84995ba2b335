# An echo server with Tornado's streams.
import asyncio
import sys

from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.tcpserver import TCPServer

BUFFER_BYTES = int(sys.argv[1])


class Echo(TCPServer):
    async def handle_stream(self, stream, address):
        stream.set_nodelay(True)
        try:
            while True:
                data = await stream.read_bytes(BUFFER_BYTES, partial=True)
                await stream.write(data)
        except StreamClosedError:
            pass


async def main():
    sockets = bind_sockets(0, "127.0.0.1", backlog=1024)
    Echo().add_sockets(sockets)
    print(sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
