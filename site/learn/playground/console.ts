/**
 * What `console.log` prints of its arguments: as in Node, as far as programs of lessons print it.
 */

const MAX_DEPTH = 3
const MAX_ITEMS = 100
/** A longer line is cut off. */
const MAX_LINE = 10_000
/** What is longer than this is shown on several lines. */
const WIDTH = 72

/** The text of a call of `console.log`. */
export function printed(values: readonly unknown[]): string {
  const text = values
    .map((value) => (typeof value === 'string' ? value : shown(value, 0, new Set())))
    .join(' ')
  return text.length <= MAX_LINE ? text : `${text.slice(0, MAX_LINE)}…`
}

function shown(value: unknown, depth: number, above: Set<object>): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'function')
    return `[Function${value.name === '' ? ' (anonymous)' : `: ${value.name}`}]`
  if (typeof value !== 'object' || value === null) return String(value)
  if (above.has(value)) return '[Circular *1]'
  try {
    above.add(value)
    return objectShown(value, depth, above)
  } catch {
    return '[object that cannot be shown]'
  } finally {
    above.delete(value)
  }
}

function objectShown(value: object, depth: number, above: Set<object>): string {
  if (value instanceof Error) return value.stack ?? String(value)
  const name = nameOf(value)
  const below = (item: unknown): string => shown(item, depth + 1, above)
  if (value instanceof Uint8Array) {
    const bytes = [...value.subarray(0, 50)].map((byte) => byte.toString(16).padStart(2, '0'))
    const rest = value.length > 50 ? ` ... ${value.length - 50} more bytes` : ''
    return name === 'Buffer'
      ? `<Buffer ${bytes.join(' ')}${rest}>`
      : `${name}(${value.length}) [ ${[...value.subarray(0, 50)].join(', ')} ]`
  }
  if (value instanceof Date) return value.toISOString()
  if (value instanceof RegExp) return String(value)
  if (depth >= MAX_DEPTH) return `[${Array.isArray(value) ? 'Array' : name || 'Object'}]`
  if (Array.isArray(value)) return list('', '[', value.slice(0, MAX_ITEMS).map(below), ']')
  if (value instanceof Map) {
    const items = [...value].slice(0, MAX_ITEMS).map(([key, item]) => `${below(key)} => ${below(item)}`)
    return list(`Map(${value.size}) `, '{', items, '}')
  }
  if (value instanceof Set) {
    return list(`Set(${value.size}) `, '{', [...value].slice(0, MAX_ITEMS).map(below), '}')
  }
  const fields = Object.keys(value)
    .slice(0, MAX_ITEMS)
    .map((key) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key)}: ${fieldShown(value, key, below)}`)
  return list(name === 'Object' ? '' : `${name} `, '{', fields, '}')
}

function fieldShown(value: object, key: string, below: (item: unknown) => string): string {
  const field = Object.getOwnPropertyDescriptor(value, key)
  return field !== undefined && 'value' in field ? below(field.value) : '[Getter]'
}

function list(before: string, open: string, items: readonly string[], close: string): string {
  if (items.length === 0) return `${before}${open}${close}`
  const line = `${before}${open} ${items.join(', ')} ${close}`
  if (line.length <= WIDTH && !line.includes('\n')) return line
  return `${before}${open}\n${items.map((item) => `  ${item.replaceAll('\n', '\n  ')}`).join(',\n')}\n${close}`
}

function nameOf(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null) return '[Object: null prototype]'
  if (typeof value.constructor !== 'function') return 'Object'
  if (prototype instanceof Object && 'next' in value && 'throw' in value) return 'Object [Generator]'
  return value.constructor.name
}

function quoted(text: string): string {
  const quote = !text.includes("'") ? "'" : !text.includes('"') ? '"' : '`'
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
  return `${quote}${quote === '"' ? escaped : escaped.replaceAll(quote, `\\${quote}`)}${quote}`
}
