// The smallest scheduler: a queue of generators, each of which takes one step in its turn. Run it:
//
//   node --import tsx examples/learn/05-round-robin.ts

function* count(name: string, last: number) {
  for (let n = 1; n <= last; n++) {
    console.log(`${name} ${n}`)
    yield
  }
  console.log(`${name} has ended`)
}

const ready = [count('ant', 3), count('bee', 1), count('cat', 2)]

for (let task = ready.shift(); task !== undefined; task = ready.shift()) {
  const { done } = task.next()
  if (!done) ready.push(task)
}
