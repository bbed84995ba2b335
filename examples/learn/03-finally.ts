// A generator can be gone on with, thrown into, ended, or forgotten; only then its finally does not run. Run it:
//
//   node --import tsx examples/learn/03-finally.ts

function* visitor(name: string) {
  console.log(`${name} switches the light on`)
  try {
    yield
    console.log(`${name} has seen everything`)
  } catch (error) {
    console.log(`${name} hears: ${error}`)
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
