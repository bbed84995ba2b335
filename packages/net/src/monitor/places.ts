/**
 * Where coroutines wait, and the values of their variables, as the inspector shows them.
 */

import type { Inspection, RemotePreview, RemoteProperties, RemoteValue } from './inspector.js'
import { printable } from './text.js'

/** The number of variables of one coroutine, and the characters of one. */
const MAX_VARIABLES = 12
const MAX_VALUE = 80

/**
 * A line for each suspended coroutine: `waiter#2 waits at /app/server.js:12:5`, and with locals its
 * variables in the line below.
 *
 * @param expression gives an array of pairs in the thread: a text and a coroutine
 */
export async function placesOf(
  inspection: Inspection,
  expression: string,
  locals: boolean,
): Promise<string[]> {
  const elements = await inspection.elements(expression)
  const pairs = elements.flatMap((label, i) => (i % 2 === 0 ? [[label, elements[i + 1]] as const] : []))
  // All at once: a request that waits for the one before would wait for the thread each time.
  const lines = await Promise.all(
    pairs.map(async ([label, coroutine]) => linesOf(inspection, `${label.value}`, coroutine, locals)),
  )
  return lines.flat()
}

async function linesOf(
  inspection: Inspection,
  label: string,
  coroutine: RemoteValue | undefined,
  locals: boolean,
): Promise<string[]> {
  if (coroutine?.subtype !== 'generator') return [`${label}: its coroutine is no generator`]
  const properties = await inspection.properties(coroutine)
  const place = internal(properties, '[[GeneratorLocation]]')?.value
  const state = internal(properties, '[[GeneratorState]]')?.value
  const name = coroutine.description?.replace(/^Generator$/, '') ?? ''
  const shown = `${label}${name === '' ? '' : ` in ${printable(name)}`}`
  if (state !== 'suspended' || place === undefined) return [`${shown} ${state}`]
  const at = await inspection.place(place as Parameters<Inspection['place']>[0]) // A location.
  const line = `${shown} at ${printable(at)}`
  if (!locals) return [line]
  const values = await localsOf(inspection, internal(properties, '[[Scopes]]'))
  return values.length === 0 ? [line] : [line, `    ${values.join(', ')}`]
}

/** The variables of a function, those of its inner blocks first. */
async function localsOf(inspection: Inspection, scopes: RemoteValue | undefined): Promise<string[]> {
  if (scopes?.objectId === undefined) return []
  const all = (await inspection.properties(scopes)).result.flatMap(({ value }) => value ?? [])
  const outer = all.findIndex(({ description = '' }) => description.startsWith('Local'))
  const own = await Promise.all(all.slice(0, outer + 1).map((scope) => inspection.properties(scope, true)))
  return own
    .flatMap(({ result }) => result)
    .slice(0, MAX_VARIABLES)
    .map(({ name, value }) => `${printable(name)} = ${shownValue(value)}`)
}

function internal({ internalProperties = [] }: RemoteProperties, name: string): RemoteValue | undefined {
  return internalProperties.find((property) => property.name === name)?.value
}

function shownValue(value: RemoteValue | undefined): string {
  if (value === undefined) return '(an accessor)'
  const text = value.type === 'string' ? JSON.stringify(value.value) : objectOrPrimitive(value)
  return printable(text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}...` : text)
}

function objectOrPrimitive({ type, description, value, preview }: RemoteValue): string {
  if (type === 'function') return 'a function'
  if (preview === undefined) return description ?? String(value)
  return `${description} ${shownPreview(preview)}`
}

function shownPreview({ properties, overflow }: RemotePreview): string {
  const shown = properties.map(({ name, value = '...' }) => `${name}: ${value}`)
  return `{${[...shown, ...(overflow ? ['...'] : [])].join(', ')}}`
}
