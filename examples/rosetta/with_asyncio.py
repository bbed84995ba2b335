# The small program of the comparison, with asyncio (Python 3.11). Run it: python3 examples/rosetta/with_asyncio.py

import asyncio


async def work(name, seconds):
    try:
        await asyncio.sleep(seconds)
        return f"{name} is done"
    finally:
        print(f"{name} cleans up")


async def main():
    async with asyncio.TaskGroup() as group:
        a = group.create_task(work("a", 0.01))
        b = group.create_task(work("b", 0.06))
    print(f"{a.result()}, {b.result()}")
    try:
        async with asyncio.timeout(0.02):
            await work("slow", 60)
    except TimeoutError:
        print("too slow")


asyncio.run(main())
