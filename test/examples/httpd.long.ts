// examples/httpd.ts as a process, with curl, malicious clients and faulty ones. Bluelet's own demo
// fails on seven of eight kinds of bad requests, and serves any file of the machine.
import { execFileSync } from 'node:child_process'
import { createReadStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { simulate } from '@bluelet/net/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sendResponse } from '../../examples/httpd/response.js'
import { pair } from '../net/simulated-pair.js'
import { destroyPeers, dial } from '../support/peer.js'
import { missing, named, type Program, start, typeScript } from '../support/program.js'
import { badRequests, badTargets, seeded } from './bad-requests.js'

const SECRET = 'this is confidential'
const BIG = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251))

const noCurl = missing('curl', ['--version'])
const folder = mkdtempSync(path.join(os.tmpdir(), 'httpd-'))
const root = path.join(folder, 'root')
let httpd: Program
let port: number

beforeAll(async () => {
  for (const name of ['root/sub', 'root/.hidden', 'root-of-another']) {
    mkdirSync(path.join(folder, name), { recursive: true })
  }
  const files = {
    'index.html': '<p>Welcome',
    'notes.txt': 'notes\n',
    'sub/index.html': '<p>Sub',
    'two words.css': 'p {}',
    'big.bin': BIG,
    empty: '',
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(root, name), content)
  for (const name of [
    'secret.txt',
    'root-of-another/secret.txt',
    'root/.secret',
    'root/.hidden/secret.txt',
  ]) {
    writeFileSync(path.join(folder, name), SECRET)
  }
  symlinkSync('notes.txt', path.join(root, 'link-inside'))
  symlinkSync('../secret.txt', path.join(root, 'link-outside'))
  symlinkSync('..', path.join(root, 'link-up'))
  symlinkSync('../root-of-another', path.join(root, 'link-aside'))
  symlinkSync('link-round', path.join(root, 'link-round'))
  if (process.platform !== 'win32') execFileSync('mkfifo', [path.join(root, 'fifo')])

  httpd = start(...typeScript('examples/httpd.ts', [root]), { PORT: '0' })
  const [, printed] = await httpd.printed(/http:\/\/127\.0\.0\.1:(\d+)\//)
  port = Number(printed)
}, 30_000)

afterEach(destroyPeers)

afterAll(() => {
  httpd.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

describe('examples/httpd/response.ts', { timeout: 30_000 }, () => {
  it.skipIf(noCurl)(named('gives files to curl, over one connection', noCurl), async () => {
    const urls = [
      '',
      'notes.txt',
      'sub/',
      'two%20words.css?a=b',
      'link-inside',
      'big.bin',
      'empty',
      'nothing',
    ].map((name) => `http://127.0.0.1:${port}/${name}`)
    const out = path.join(folder, 'out')
    const outputs = urls.flatMap((url, i) => ['--output', `${out}${i}`, url])

    const curl = start('curl', [
      '--silent',
      '--write-out',
      '%{http_code} %{content_type} %{size_download} %{num_connects}\n',
      ...outputs,
    ])
    await curl.ended()

    expect(curl.stdout).toBe(
      [
        '200 text/html; charset=utf-8 10 1',
        '200 text/plain; charset=utf-8 6 0',
        '200 text/html; charset=utf-8 6 0',
        '200 text/css; charset=utf-8 4 0',
        '200 text/plain; charset=utf-8 6 0',
        '200 application/octet-stream 300000 0',
        '200 application/octet-stream 0 0',
        '404 text/plain; charset=utf-8 14 0',
        '',
      ].join('\n'),
    )
    expect(execFileSync('cmp', [`${out}5`, path.join(root, 'big.bin')]).length).toBe(0)
  })

  it('sends the same head for HEAD, without a body', async () => {
    const whole = await exchange('GET /notes.txt HTTP/1.0\r\n\r\n')
    const head = await exchange('HEAD /notes.txt HTTP/1.0\r\n\r\n')

    expect(whole).toMatch(
      /^HTTP\/1\.1 200 OK\r\n(.+\r\n)*Content-Length: 6\r\n(.+\r\n)*Connection: close\r\n\r\nnotes\n$/,
    )
    expect(head.replace(/Date: .*/, '')).toBe(whole.replace(/Date: .*/, '').replace(/notes\n$/, ''))
  })
})

describe('the body of an empty file', () => {
  it('is sent without opening the file, which may have been removed meanwhile', async () => {
    const request = { status: 200, method: 'GET', target: '/gone', keepAlive: false }
    const file = { path: path.join(folder, 'gone'), size: 0, type: 'text/plain' }

    const answer = await simulate(function* () {
      const { client, server } = yield* pair()
      yield* sendResponse(server, request, file)
      server.close()
      return yield* client.readall()
    })
    // An unhandled error of a stream fails this run.
    await new Promise((resolve) => createReadStream(file.path).on('error', resolve))

    expect(answer.toString()).toContain('Content-Length: 0\r\n')
  })
})

describe('examples/httpd/request.ts', { timeout: 30_000 }, () => {
  it('answers pipelined requests in order, and closes on request', async () => {
    const first = 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n'
    const second = '\r\nGET http://x/notes.txt HTTP/1.1\r\nhost:x\r\nConnection: Close\r\n\r\n'

    const peer = await dial(port)
    peer.write(first + second + first)
    await peer.finish()

    expect(
      peer.text.match(/^(HTTP.*|Content-Length.*|Connection.*|notes)$/gm)?.map((line) => line.trim()),
    ).toEqual([
      'HTTP/1.1 200 OK',
      'Content-Length: 10',
      'Connection: keep-alive',
      'HTTP/1.1 200 OK',
      'Content-Length: 6',
      'Connection: close',
      'notes',
    ])
  })
})

describe('examples/httpd/file.ts', { timeout: 30_000 }, () => {
  it('finds nothing outside the folder, and neither hidden files nor folders in it', async () => {
    const targets = [
      '/link-outside',
      '/link-up/secret.txt',
      '/link-aside/secret.txt',
      '/link-aside/',
      '/link-round',
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/..%5csecret.txt',
      '/..\\secret.txt',
      '/sub/../../secret.txt',
      '/../root-of-another/secret.txt',
      '/..%2froot-of-another/secret.txt',
      '/sub/%2e%2e/%2e%2e/secret.txt',
      `/${encodeURIComponent(path.join(folder, 'secret.txt'))}`,
      `/${path.join(folder, 'secret.txt')}`,
      `//${folder}/secret.txt`,
      `http://x/..${folder}/secret.txt`,
      `file://${folder}/secret.txt`,
      path.join(folder, 'secret.txt'),
      '/notes.txt%00',
      '/notes.txt%00.html',
      '/notes.txt/',
      '/notes.txt/..',
      '/.secret',
      '/.hidden/secret.txt',
      '/sub/../.secret',
      '/./.secret',
      '/fifo',
      '/sub',
      '/%',
      '/%ff',
      '/%c0%ae%c0%ae/secret.txt',
      '*',
      'notes.txt',
      `/${'x'.repeat(5000)}`,
      ...badTargets(seeded(1), 500),
    ]

    const answers = await exchange(
      targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''),
    )

    expect(answers.match(/^HTTP.*/gm)?.map((line, i) => `${line} ${targets[i]}`)).toEqual(
      targets.map((target) => `HTTP/1.1 404 Not Found ${target}`),
    )
    expect(answers).not.toContain(SECRET)
  })
})

describe('examples/httpd.ts', { timeout: 60_000 }, () => {
  it('answers 2,500 bad requests with the right status, and every good one in between', async () => {
    const random = seeded(6)
    const patient = await dial(port)
    const wrong: string[] = []

    await inParallel(badRequests(random, 1000), 32, async ({ kind, bytes, status }, i) => {
      const answer = await exchange(bytes)
      if (!answer.startsWith(`HTTP/1.1 ${status} `) || answer.split('HTTP/1.1 ').length !== 2)
        wrong.push(`${kind}: ${answer}`)
      if (i % 250 === 0) expect(await exchange(GOOD)).toMatch(WELCOME)
    })
    // Clients that disconnect or reset during a request.
    await inParallel(badRequests(random, 200), 32, async ({ bytes }, i) => {
      const peer = await dial(port)
      peer.write(bytes.subarray(0, -1))
      await peer.reset()
      if (i % 250 === 0) expect(await exchange(GOOD)).toMatch(WELCOME)
    })
    for (let i = 0; i < 13; i++) {
      const requests = badTargets(random, 100).map((target) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)
      const answers = await exchange(requests.join('') + GOOD)
      if (answers.split('HTTP/1.1 404 ').length !== 101) wrong.push(answers)
      expect(answers).toMatch(WELCOME)
    }
    patient.write(GOOD).end()
    await patient.finish()

    expect(wrong).toEqual([])
    expect(patient.text).toMatch(WELCOME)
    expect(httpd.stderr).toBe('')
  })

  it('writes a line for each request, whatever it contains, and ends on Ctrl+C', async () => {
    await exchange(Buffer.from('GET /\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n'))

    const exit = await httpd.kill('SIGINT').ended()

    expect(exit).toEqual({ code: 0, signal: null })
    expect(httpd.stderr).toBe('')
    expect(
      httpd.stdout.split('\n').filter((line) => !/^[!-~]+ (GET|HEAD|-) [!-~]+ \d{3}$/.test(line)),
    ).toEqual([`http://127.0.0.1:${port}/`, ''])
  })
})

const GOOD = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const WELCOME = /^HTTP\/1\.1 200 OK\r\n(.+\r\n)*\r\n<p>Welcome$/m

/** Sends bytes and ends its side; gives the reply up to its end. */
function exchange(data: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = net.connect({ port, host: '127.0.0.1' })
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
    socket.end(data)
  })
}

/** Calls a function with each item, a limited number at a time. */
async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T, i: number) => Promise<void>,
): Promise<void> {
  const rest = items.entries()
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const [i, item] of rest) await work(item, i)
    }),
  )
}
