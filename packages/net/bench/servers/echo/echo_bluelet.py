# An echo server with the original Bluelet, on Python.
import socket
import sys

import bluelet

BUFFER_BYTES = int(sys.argv[1])


def echoer(conn):
    conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while True:
            data = yield conn.recv(BUFFER_BYTES)
            if not data:
                break
            yield conn.sendall(data)
    finally:
        conn.close()


def serve():
    listener = bluelet.Listener("127.0.0.1", 0)
    listener.sock.listen(1024)
    print(listener.sock.getsockname()[1], flush=True)
    while True:
        conn = yield listener.accept()
        yield bluelet.spawn(echoer(conn))


bluelet.run(serve())
