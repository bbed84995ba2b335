# The small program of the comparison, with Trio. Run it: python3 examples/rosetta/with_trio.py

import trio


async def work(name, seconds, results=None):
    try:
        await trio.sleep(seconds)
        if results is not None:
            results[name] = f"{name} is done"
    finally:
        print(f"{name} cleans up")


async def main():
    results = {}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(work, "a", 0.01, results)
        nursery.start_soon(work, "b", 0.06, results)
    print(f"{results['a']}, {results['b']}")
    try:
        with trio.fail_after(0.02):
            await work("slow", 60)
    except trio.TooSlowError:
        print("too slow")


trio.run(main)
