// A yield is an expression: one value goes out, another one comes in. Run it:
//
//   node --import tsx examples/learn/02-send.ts

function* adder() {
  let sum = 0
  while (true) {
    const n: number = yield sum
    if (n === 0) return `the sum is ${sum}`
    sum += n
  }
}

const adding = adder()
console.log(adding.next())
console.log(adding.next(5))
console.log(adding.next(10))
console.log(adding.next(0))
