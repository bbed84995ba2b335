# The small program of the comparison, with gevent. Run it: python3 examples/rosetta/with_gevent.py

from gevent import monkey

monkey.patch_all()

import time

import gevent


def work(name, seconds):
    try:
        time.sleep(seconds)  # Any function that blocks lets the others run.
        return f"{name} is done"
    finally:
        print(f"{name} cleans up")


both = [gevent.spawn(work, "a", 0.01), gevent.spawn(work, "b", 0.06)]
gevent.joinall(both, raise_error=True)
print(", ".join(task.value for task in both))
try:
    with gevent.Timeout(0.02):
        work("slow", 60)
except gevent.Timeout:
    print("too slow")
