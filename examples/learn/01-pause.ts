// A generator function stops at each yield, and continues from there at the next call of next(). Run it:
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
console.log('right is still paused at its second yield')
