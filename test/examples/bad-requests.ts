// Invalid requests, any number of them from a seed, each with the status of its reply.

/** A whole request, after which the client ends its side. */
export interface BadRequest {
  readonly kind: string
  readonly bytes: Buffer
  /** The status of the reply, after which the connection is closed, unless it is 404. */
  readonly status: number
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export type Random = () => number

export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const get = (target: string, ...headers: string[]): string =>
  [`GET ${target} HTTP/1.1`, ...(headers.length > 0 ? headers : ['Host: x']), '', ''].join('\r\n')

const word = (random: Random): string => {
  const letters = Array.from({ length: 1 + Math.floor(random() * 12) }, () => 97 + Math.floor(random() * 26))
  return String.fromCharCode(...letters)
}

const pick = <T>(random: Random, choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!

const UPWARDS = [
  '..',
  '%2e%2e',
  '.%2e',
  '%2E.',
  '%252e%252e',
  '..%00',
  '..;',
  '...',
  '%c0%ae%c0%ae',
  '..\\..',
]
const SLASHES = ['/', '//', '%2f', '%5c', '\\', '%252f', '/./']
const GOALS = ['etc/passwd', 'etc/hostname', 'secret.txt', '.secret', '%2fetc%2fpasswd', 'proc/self/environ']

/** Kinds of well-formed targets that do not exist. */
const targets: Record<string, (random: Random) => string> = {
  traversal(random) {
    const slash = pick(random, SLASHES)
    const up = Array.from({ length: 1 + Math.floor(random() * 8) }, () => pick(random, UPWARDS))
    return `/${[...up, pick(random, GOALS)].join(slash)}`
  },
  'absolute path': (random) => `/${pick(random, SLASHES)}${pick(random, GOALS)}`,
  'broken escape': (random) =>
    `/${word(random)}%${pick(random, ['', 'g0', '0', 'ff', 'c3%28', 'ed%a0%80', 'f5%80'])}`,
  'escaped NUL': (random) => `/notes.txt%00${word(random)}`,
  'drive or device': (random) =>
    `/${pick(random, ['C:', 'CON', 'file:', '~root', '-', '*'])}/${word(random)}`,
  'no path': (random) =>
    pick(random, ['*', word(random), `ftp://x/${word(random)}`, 'http:', '?', '..', 'x:443']),
}

/** Kinds of requests that are malformed or not supported. */
const requests: Record<string, { status: number; of: (random: Random) => string }> = {
  'one word': { status: 400, of: (random) => `${word(random)}\r\n\r\n` },
  'no version': { status: 400, of: (random) => `GET /${word(random)}\r\n\r\n` },
  'wrong version': {
    status: 400,
    of: (random) =>
      get('/').replace('HTTP/1.1', pick(random, ['HTTP/2.0', 'HTTP/1.11', 'http/1.1', 'HTTP/1', 'X'])),
  },
  'no colon': { status: 400, of: (random) => get('/', 'Host: x', word(random)) },
  'space before the colon': { status: 400, of: (random) => get('/', 'Host: x', `${word(random)} : 1`) },
  'folded header': { status: 400, of: (random) => get('/', 'Host: x', `A: 1\r\n ${word(random)}`) },
  'control character': {
    status: 400,
    of: (random) =>
      get('/', 'Host: x', `A: ${pick(random, ['\0', '\x1b', '\r', '\n', '\x7f'])}${word(random)}`),
  },
  'control character in the target': {
    status: 400,
    of: (random) =>
      get(`/${word(random)}${pick(random, ['\0', '\x1b[2J', '\t', ' ', '\x7f', '\xff', '\xc3\xa9'])}`),
  },
  'no end of lines but LF': { status: 400, of: (random) => get(`/${word(random)}`).replaceAll('\r', '') },
  'no host': { status: 400, of: (random) => get('/', `X-${word(random)}: 1`) },
  'two hosts': { status: 400, of: (random) => get('/', 'Host: x', `host: ${word(random)}`) },
  'cut off': {
    status: 400,
    of: (random) => get('/index.html').slice(0, 1 + Math.floor(random() * 30)),
  },
  garbage: {
    status: 400,
    of: (random) =>
      String.fromCharCode(
        ...Array.from({ length: 1 + Math.floor(random() * 300) }, () => Math.floor(random() * 256)),
      ),
  },
  'a body': {
    status: 413,
    of: (random) => get('/', 'Host: x', `Content-Length: ${1 + Math.floor(random() * 1e12)}`),
  },
  'an invalid length': {
    status: 413,
    of: (random) =>
      get('/', 'Host: x', `Content-Length: ${pick(random, ['-1', '0x0', '0, 5', '1e3', 'x', '+0'])}`),
  },
  'two lengths': { status: 413, of: () => get('/', 'Host: x', 'Content-Length: 0', 'Content-Length: 31') },
  'a coding of transfer': {
    status: 413,
    of: () => `${get('/', 'Host: x', 'Transfer-Encoding: chunked')}0\r\n\r\n${get('/index.html')}`,
  },
  'another method': {
    status: 501,
    of: (random) => get('/').replace('GET', pick(random, ['POST', 'get', 'DELETE', 'OPTIONS', '__proto__'])),
  },
  'too many headers': {
    status: 431,
    of: (random) => get('/', 'Host: x', `A: ${word(random)}\r\n`.repeat(3000)),
  },
  'a line without end': { status: 431, of: (random) => word(random).repeat(20_000) },
}

/** Targets that must not be found. */
export function badTargets(random: Random, count: number): string[] {
  return Array.from({ length: count }, () => pick(random, Object.values(targets))(random))
}

/** Requests that must be refused. */
export function badRequests(random: Random, count: number): BadRequest[] {
  return Array.from({ length: count }, () => {
    const [kind, { status, of }] = pick(random, Object.entries(requests))
    return { kind, status, bytes: Buffer.from(of(random), 'latin1') }
  })
}
