// A generator function stops at each yield, and goes on from there when it is asked to. Run it:
//
//   node --import tsx examples/learn/01-pause.ts

function* count(name: string) {
  console.log(`${name}: one`)
  yield
  console.log(`${name}: two`)
  yield
  console.log(`${name}: three`)
}

const left = count('left')
const right = count('right')
console.log('nothing has run yet')

left.next()
right.next()
left.next()
left.next()
right.next()
console.log('right still stands at its second yield')
