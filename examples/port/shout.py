# A server that shouts, and two clients of it, by Bluelet. Run it, with a clone of github.com/sampsyo/bluelet in this folder:
# PYTHONPATH=bluelet python3 examples/port/shout.py

import bluelet


def shouter(conn):
    try:
        while True:
            line = yield conn.readline()
            if not line:
                break
            yield conn.sendall(line.upper())
    finally:
        conn.close()


def serving(listener):
    while True:
        conn = yield listener.accept()
        yield bluelet.spawn(shouter(conn))


def shout(port, word):
    conn = yield bluelet.connect("127.0.0.1", port)
    try:
        yield conn.sendall(word.encode() + b"\n")
        line = yield conn.readline()
        yield bluelet.end(line.decode().strip())
    finally:
        conn.close()


def client(port, word, seconds):
    yield bluelet.sleep(seconds)
    reply = yield shout(port, word)
    print(reply)


def main():
    listener = bluelet.Listener("127.0.0.1", 0)
    port = listener.sock.getsockname()[1]
    server = serving(listener)
    yield bluelet.spawn(server)
    clients = [client(port, "hello", 0), client(port, "goodbye", 0.1)]
    for task in clients:
        yield bluelet.spawn(task)
    for task in clients:
        yield bluelet.join(task)
    yield bluelet.kill(server)
    listener.close()


bluelet.run(main())
