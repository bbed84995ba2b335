// The common part of the Zen servers and their client: the questions and answers, the framing, and the command line. The service
// is from Foundations of Python Network Programming by Brandon Rhodes and John Goerzen, chapter 7. Start a server, then run the
// client in another terminal:
//
//   node --import tsx examples/zen/generator.ts 127.0.0.1
//   node --import tsx examples/zen/client.ts 127.0.0.1

import { inspect, parseArgs } from 'node:util'

export const ANSWERS: ReadonlyMap<string, string> = new Map([
  ['Beautiful is better than?', 'Ugly.'],
  ['Explicit is better than?', 'Implicit.'],
  ['Simple is better than?', 'Complex.'],
])

/** Maximum length of a question, in bytes. */
export const LONGEST = 1024
const NONE: Buffer = Buffer.alloc(0)

export function answerTo(question: Buffer): string {
  return ANSWERS.get(question.toString()) ?? 'Error: unknown aphorism.'
}

/** Answers the complete questions in the data, and returns the rest: a packet may contain several, or parts of some. */
export function answersTo(more: Buffer, before = NONE): { readonly answers: Buffer; readonly rest: Buffer } {
  let rest = Buffer.concat([before, more])
  let answers = ''
  // In UTF-8 no other character contains the byte of '?'.
  for (let end = rest.indexOf('?') + 1; end > 0; end = rest.indexOf('?') + 1) {
    answers += answerTo(rest.subarray(0, end))
    rest = rest.subarray(end)
  }
  if (rest.length > LONGEST) throw new RangeError(`a question of more than ${LONGEST} bytes`)
  return { answers: Buffer.from(answers), rest }
}

/** Describes how a client has left: with an error, in the middle of a question, or normally. */
export function farewell(address: unknown, rest = NONE, error?: unknown): string {
  if (error !== undefined) return `Client ${address} error: ${(error as Error).message}`
  if (rest.length === 0) return `Client ${address} closed socket normally`
  return `Client ${address} sent ${inspect(rest.toString(), { breakLength: Number.POSITIVE_INFINITY })} but then closed`
}

/** `HOST [-p PORT]`, and `-e` for the client. */
export function commandLine(): { readonly host: string; readonly port: number; readonly hangUp: boolean } {
  const p = { type: 'string', short: 'p', default: '1060' } as const
  const e = { type: 'boolean', short: 'e', default: false } as const
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { p, e } })
    const [host] = positionals
    if (host === undefined || positionals.length > 1) throw new Error('give one HOST')
    if (!/^\d{1,5}$/.test(values.p)) throw new Error(`give a number as PORT, not '${values.p}'`)
    return { host, port: Number(values.p), hangUp: values.e }
  } catch (error) {
    console.error(
      `${(error as Error).message}\nusage: node --import tsx FILE HOST [-p PORT]   (client.ts: or -e)`,
    )
    return process.exit(2)
  }
}
