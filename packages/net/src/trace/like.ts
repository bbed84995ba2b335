/** An object in place of another one, with some members of its own. */

/**
 * An object that does what another one does, but for some members. It is plain, since a host is
 * called at each step; the methods are those of the original, which may have private members.
 */
export function like<T extends object>(original: T, members: Partial<T>): T {
  const copy = Object.create(Object.getPrototypeOf(original)) as T // It gets the same members.
  for (const key of keysOf(original)) {
    if (!(key in members)) Object.defineProperty(copy, key, propertyOf(original, key as keyof T))
  }
  for (const key of Reflect.ownKeys(members)) {
    Object.defineProperty(copy, key, { value: members[key as keyof T], enumerable: true, writable: true })
  }
  return copy
}

/** The names of all members, inherited ones included. */
function keysOf(object: object): Set<string | symbol> {
  const keys = new Set<string | symbol>()
  for (let holder: object | null = object; holder !== null && holder !== Object.prototype; ) {
    for (const key of Reflect.ownKeys(holder)) if (key !== 'constructor') keys.add(key)
    holder = Object.getPrototypeOf(holder)
  }
  return keys
}

/** A method is bound once. Everything else may change, and is read and set in the original. */
function propertyOf<T extends object>(original: T, key: keyof T): PropertyDescriptor {
  const method = methodOf(original, key)
  if (method !== undefined) return { value: method.bind(original), enumerable: true, writable: true }
  return {
    get: () => original[key],
    set(changed) {
      original[key] = changed
    },
    enumerable: true,
  }
}

/** The member itself if it is a method. A getter may cost something, and is not called. */
function methodOf(holder: object, key: PropertyKey): ((...args: never) => unknown) | undefined {
  const property = Object.getOwnPropertyDescriptor(holder, key)
  if (property === undefined) return methodOf(Object.getPrototypeOf(holder), key)
  return typeof property.value === 'function' ? property.value : undefined
}
