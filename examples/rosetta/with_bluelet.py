# The small program of the comparison, with Bluelet, which has no timeout, and no value from join. Run it, with a clone of
# github.com/sampsyo/bluelet in this folder: PYTHONPATH=bluelet python3 examples/rosetta/with_bluelet.py

import bluelet

results = {}


def work(name, seconds):
    try:
        yield bluelet.sleep(seconds)
        results[name] = f"{name} is done"
    finally:
        print(f"{name} cleans up")  # Of a killed one: when the garbage collector comes to it.


def main():
    tasks = [work("a", 0.01), work("b", 0.06)]
    for task in tasks:
        yield bluelet.spawn(task)
    for task in tasks:
        yield bluelet.join(task)
    print(f"{results['a']}, {results['b']}")
    slow = work("slow", 60)
    yield bluelet.spawn(slow)
    yield bluelet.sleep(0.02)
    if "slow" not in results:
        yield bluelet.kill(slow)
        print("too slow")


bluelet.run(main())
