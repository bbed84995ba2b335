# An echo server with gevent: a greenlet for each connection.
import socket
import sys

from gevent.server import StreamServer

BUFFER_BYTES = int(sys.argv[1])


def echo(conn, address):
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while True:
            data = conn.recv(BUFFER_BYTES)
            if not data:
                break
            conn.sendall(data)
    except OSError:
        pass  # A client that is gone.


server = StreamServer(("127.0.0.1", 0), echo, backlog=1024)
server.start()
print(server.server_port, flush=True)
server.serve_forever()
