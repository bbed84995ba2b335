# The small program of the comparison, with Curio. Run it: python3 examples/rosetta/with_curio.py

import curio


async def work(name, seconds):
    try:
        await curio.sleep(seconds)
        return f"{name} is done"
    finally:
        print(f"{name} cleans up")


async def main():
    async with curio.TaskGroup() as group:
        await group.spawn(work, "a", 0.01)
        await group.spawn(work, "b", 0.06)
    print(", ".join(group.results))
    try:
        await curio.timeout_after(0.02, work, "slow", 60)
    except curio.TaskTimeout:
        print("too slow")


curio.run(main)
