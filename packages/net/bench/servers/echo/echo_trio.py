# An echo server with trio. TCP_NODELAY is its default.
import sys

import trio

BUFFER_BYTES = int(sys.argv[1])


async def echo(stream):
    try:
        while True:
            data = await stream.receive_some(BUFFER_BYTES)
            if not data:
                break
            await stream.send_all(data)
    except trio.BrokenResourceError:
        pass  # A client that is gone.


async def main():
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=1024)
    print(listener.socket.getsockname()[1], flush=True)
    await trio.serve_listeners(echo, [listener])


trio.run(main)
