// Values that can be thrown and that fail when they are looked at, printed or changed.

/** Each with its name. A new one is made for each test. */
export const UNPRINTABLE: readonly (readonly [name: string, make: () => unknown])[] = [
  ['an error whose stack is an object', () => withStack({ value: { frames: [] } })],
  ['an error whose stack is a number', () => withStack({ value: 5, writable: true })],
  ['an error whose stack is an array', () => withStack({ value: [], writable: true })],
  ['an error whose stack is a symbol', () => withStack({ value: Symbol('stack'), writable: true })],
  ['an error whose stack throws', () => withStack({ get: refuse, set: refuse })],
  ['an error whose stack cannot be set', () => withStack({ value: 'fixed' })],
  ['an error whose message throws', () => Object.defineProperty(new Error(), 'message', { get: refuse })],
  ['an error whose message is a symbol', () => Object.assign(new Error(), { message: Symbol('message') })],
  ['an error whose name throws', () => Object.defineProperty(new Error(), 'name', { get: refuse })],
  ['an error whose toString throws', () => Object.assign(new Error(), { toString: refuse })],
  ['a frozen error', () => Object.freeze(new Error('frozen'))],
  ['an error without a prototype', () => Object.setPrototypeOf(new Error('bare'), null)],
  ['a revoked Proxy', revoked],
  ['a Proxy that refuses everything', () => new Proxy(new Error('behind'), refusingHandler())],
  ['a function behind such a Proxy', () => new Proxy(() => {}, refusingHandler())],
  ['an object without a prototype', () => Object.create(null)],
  ['an object whose constructor throws', () => Object.defineProperty({}, 'constructor', { get: refuse })],
  [
    'a function whose name is a symbol',
    () => Object.defineProperty(() => {}, 'name', { value: Symbol('n') }),
  ],
  ['a symbol', () => Symbol('thrown')],
  ['a bigint', () => 5n],
  ['undefined', () => undefined],
  ['null', () => null],
]

function withStack(stack: PropertyDescriptor): Error {
  return Object.defineProperty(new Error('odd'), 'stack', stack)
}

/** A Proxy that throws at every access. */
export function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** A handler whose traps all throw. */
function refusingHandler(): ProxyHandler<object> {
  return new Proxy({}, { get: () => refuse })
}

function refuse(): never {
  throw new Error('do not look at me')
}
