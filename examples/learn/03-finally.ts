// A generator can be resumed, thrown into, ended or forgotten. Its finally does not run if it is forgotten. Run it:
//
//   node --import tsx examples/learn/03-finally.ts

function* visitor(name: string) {
  console.log(`${name} switches the light on`)
  try {
    yield
    console.log(`${name} has seen everything`)
  } catch (error) {
    console.log(`${name} catches: ${error}`)
  } finally {
    console.log(`${name} switches the light off`)
  }
}

const [ann, bob, cy, dee] = [visitor('Ann'), visitor('Bob'), visitor('Cy'), visitor('Dee')]
for (const each of [ann, bob, cy, dee]) each.next()

console.log('--- next()')
ann.next()
console.log('--- throw()')
bob.throw(new Error('fire!'))
console.log('--- return()')
cy.return()
console.log('--- nothing')
