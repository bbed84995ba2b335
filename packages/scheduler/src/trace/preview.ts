/**
 * Values for people: a text of at most 80 characters. It reads plain data only, and calls no method
 * and no getter of the program, which must not notice that it is recorded.
 */

import { cut, inspect, nameOf } from '../check.js'
import { Task } from '../core/task.js'

/** The number of characters of a preview. */
const MAX_PREVIEW = 80

/** The number of items of an array, or of fields of an object, that are shown. */
const MAX_ITEMS = 8

/** The text of a value. */
export type Preview = (value: unknown) => string

/** The first characters of a text, with an ellipsis if that is not all. */
export function short(text: string): string {
  return text.length <= MAX_PREVIEW ? text : `${text.slice(0, MAX_PREVIEW - 1)}…`
}

/** A value as a program would write it. */
export function preview(value: unknown): string {
  try {
    return short(shown(value, 2))
  } catch {
    return inspect(value) // Such as a proxy that has been revoked.
  }
}

/** A preview by a function of the user's, whose own error must not end the recording. */
export function guarded(previews: (value: unknown) => string): Preview {
  return (value) => {
    try {
      return short(`${previews(value)}`)
    } catch {
      return '(its preview threw)'
    }
  }
}

/** @param depth how many levels of objects are opened */
function shown(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(cut(value, MAX_PREVIEW))
  if (typeof value === 'function') return `function ${nameOf(value, 'anonymous')}`
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null)
    return typeof value === 'bigint' ? `${value}n` : String(value)
  if (value instanceof Task) return String(value)
  if (value instanceof Uint8Array) return bytesShown(value)
  if (value instanceof Error) return errorShown(value)
  if (Array.isArray(value)) return depth === 0 ? `[${value.length} items]` : arrayShown(value, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return classShown(value)
  return depth === 0 ? '{…}' : fieldsShown(value, depth)
}

function classShown(value: object): string {
  if ('$handler' in value) return inspect(value)
  return nameOf(value.constructor, 'object')
}

function errorShown(error: Error): string {
  const { value: message } = Object.getOwnPropertyDescriptor(error, 'message') ?? {}
  const name = nameOf(error.constructor, 'Error')
  return typeof message === 'string' && message !== '' ? `${name}: ${message}` : name
}

/** The class of an error, and its code: what is no secret. */
export function errorName(error: unknown): string {
  try {
    if (!(error instanceof Error)) return typeof error
    const { value: code } = Object.getOwnPropertyDescriptor(error, 'code') ?? {}
    const name = nameOf(error.constructor, 'Error')
    return typeof code === 'string' ? `${name} (${short(code)})` : name
  } catch {
    return 'an error'
  }
}

function arrayShown(array: readonly unknown[], depth: number): string {
  const items = array.slice(0, MAX_ITEMS).map((item) => shown(item, depth - 1))
  return `[${[...items, ...(array.length > MAX_ITEMS ? ['…'] : [])].join(', ')}]`
}

function fieldsShown(object: object, depth: number): string {
  const keys = Object.keys(object)
  const fields = keys.slice(0, MAX_ITEMS).map((key) => {
    const field = Object.getOwnPropertyDescriptor(object, key)
    return `${key}: ${field !== undefined && 'value' in field ? shown(field.value, depth - 1) : '…'}`
  })
  if (keys.length > MAX_ITEMS) fields.push('…')
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

/** Bytes as text where they are ASCII: `b"Ugly.\n"`. */
function bytesShown(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes.subarray(0, MAX_PREVIEW)) text += byteShown(byte)
  return `b"${text}"`
}

function byteShown(byte: number): string {
  if (byte === 10) return '\\n'
  if (byte === 13) return '\\r'
  if (byte === 9) return '\\t'
  if (byte === 34 || byte === 92) return `\\${String.fromCharCode(byte)}`
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
}
