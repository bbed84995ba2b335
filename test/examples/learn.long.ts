// The programs of the tutorial: they print what its pages show, and its servers serve clients.
import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { compiledFile } from '../support/compiled.js'
import { destroyPeers, dial } from '../support/peer.js'
import { printedBy } from '../support/printed.js'
import { leavesNothingRunning, missing, named, start, startServing } from '../support/program.js'

leavesNothingRunning()

afterEach(destroyPeers)

const root = new URL('../../', import.meta.url)
const pages = new URL('packages/net/docs/tutorial/', root)
const noNetcat = missing('nc', ['-h'])

/** The programs that end by themselves and print the same in every run. */
const programs = [
  'examples/learn/01-pause.ts',
  'examples/learn/02-send.ts',
  'examples/learn/03-finally.ts',
  'examples/learn/04-yield-star.ts',
  'examples/learn/05-round-robin.ts',
  'examples/learn/06-requests.ts',
  'examples/learn/07-trampoline.ts',
  'examples/learn/08-errors.ts',
  'examples/learn/09-sleep.ts',
  'examples/learn/10-kill.ts',
  'examples/learn/10-spawn-join.ts',
  'examples/learn/11-kitchen.ts',
  'examples/learn/13-same-program.ts',
  'examples/learn/14-timeout.ts',
  'examples/learn/15-back-pressure.ts',
  'examples/learn/16-shutdown.ts',
]

describe('the programs of the tutorial', () => {
  let printed: Map<string, string>

  beforeAll(async () => {
    printed = await printedBy(programs.map(compiledFile))
  }, 40_000)

  it.each(programs)('%s prints what its page shows', (file) => {
    expect(shown(file)).toEqual([printed.get(compiledFile(file))])
  })
})

describe('the scheduler of sixty lines', () => {
  it('has sixty lines', () => {
    const source = read('examples/learn/11-sixty-lines.ts')

    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(60)
  })

  it.each([
    ['examples/learn/11-kitchen.ts', 'examples/learn/13-same-program.ts'],
    ['examples/learn/12-sixty-lines-echo.ts', 'examples/learn/13-same-server.ts'],
  ])('%s differs from %s only in its imports', (ours, theirs) => {
    expect(body(ours)).toBe(body(theirs))
    expect(importsOf(ours)).toEqual(
      importsOf(theirs).map((line) =>
        line
          .replace('@bluelet/scheduler', './11-sixty-lines.js')
          .replace('@bluelet/net', './12-sixty-lines-net.js'),
      ),
    )
  })
})

describe.each(['examples/learn/12-sixty-lines-echo.ts', 'examples/learn/13-same-server.ts'])(
  '%s',
  { timeout: 30_000 },
  (file) => {
    it.skipIf(noNetcat)(named('echoes to nc while another client is silent', noNetcat), async () => {
      const { server, port } = await startServing(file)
      const silent = await dial(Number(port))
      const client = start('nc', ['-N', '127.0.0.1', port])

      client.write('hello\n')
      await client.printed(/^hello\n$/)
      client.end()
      await client.ended()
      await server.printed(/gone/)

      expect(server.stdout).toBe(`listening on port ${port}\n6 bytes\na client has gone\n`)
      expect(silent.length).toBe(0)
    })
  },
)

describe('examples/learn/12-sixty-lines-net.ts', { timeout: 30_000 }, () => {
  it('echoes more bytes than the buffers hold, and goes on after a reset', async () => {
    const { port } = await startServing('examples/learn/12-sixty-lines-echo.ts')
    const resetting = await dial(Number(port))
    resetting.write('x'.repeat(1_000_000))
    await resetting.reset()

    const peer = await dial(Number(port))
    peer.write('0123456789'.repeat(300_000)).end()
    await peer.finish()

    expect(peer.text === '0123456789'.repeat(300_000)).toBe(true)
  })
})

describe('examples/learn/17-chat.ts', { timeout: 30_000 }, () => {
  const chat = () => startServing('examples/learn/17-chat.ts')

  it('passes the lines of each member to all others', async () => {
    const { server, port } = await chat()
    const ann = await member(port, 'Ann')
    const bob = await member(port, 'Bob')
    await ann.until('* Bob', () => ann.text.endsWith('* Bob has come\n'))

    ann.write('hello\n')
    await bob.until('hello', () => bob.text.endsWith('hello\n'))
    bob.end()
    await bob.finish()
    await ann.until('the end of Bob', () => ann.text.endsWith('gone\n'))

    expect(bob.text).toBe('Your name? Ann: hello\n')
    expect(ann.text).toBe('Your name? * Bob has come\n* Bob has gone\n')
    expect(server.stderr).toBe('')
  })

  it('asks again for a taken or empty name, and does not treat the end as a name', async () => {
    const { server, port } = await chat()
    await member(port, 'Ann')
    const peer = await dial(Number(port))

    peer.write('Ann\n\n').end()
    await peer.finish()

    expect(peer.text).toBe('Your name? Your name? Your name? ')
    expect(server.stderr).toBe('')
  })

  it('takes no name that looks like another, and cuts a long one between characters', async () => {
    const { server, port } = await chat()
    const ann = await member(port, 'Ann')
    const names = [
      'Ann\ufe0f',
      '\u3164Ann',
      'A\u034fnn',
      'A\u0000nn',
      '\u202eAnn ',
      `${'\u{1f600}'.repeat(21)}`,
    ]

    const peer = await dial(Number(port))
    peer.read().write(`${names.join('\n')}\n`)
    await ann.until('the last name', () => ann.text.endsWith(' has come\n'))

    expect(peer.text).toBe('Your name? '.repeat(names.length))
    expect(ann.text).toBe(`Your name? * ${'\u{1f600}'.repeat(20)} has come\n`)
    expect(server.stderr).toBe('')
  })

  it('gives a name to only one of two simultaneous members', async () => {
    const { port } = await chat()
    const peers = await Promise.all(Array.from({ length: 20 }, () => dial(Number(port))))
    for (const peer of peers) await peer.read().until('the question', () => peer.text === 'Your name? ')

    for (const [i, peer] of peers.entries()) peer.write(`member ${i >> 1}\n`)
    const refused = () => peers.filter(({ text }) => text.split('Your name? ').length === 3)

    await expect.poll(() => refused().length).toBe(10)
  })

  it('is not delayed by a member that does not read', async () => {
    const { port } = await chat()
    const deaf = await dial(Number(port))
    deaf.write('Dee\n')
    const ann = await member(port, 'Ann')
    const bob = await member(port, 'Bob')
    await ann.until('* Bob', () => ann.text.endsWith('* Bob has come\n'))
    const line = `${'x'.repeat(60_000)}\n`

    for (let n = 1; n <= 200; n++) {
      ann.write(line)
      await bob.until(
        `line ${n}`,
        () => bob.length >= 'Your name? '.length + n * ('Ann: '.length + line.length),
      )
    }

    expect(deaf.closed).toBe(false)
  })
})

/** The whole output of a program, as the pages show it. */
function shown(file: string): string[] {
  return readdirSync(pages)
    .map((page) => readFileSync(new URL(page, pages), 'utf8'))
    .flatMap((text) => [...text.matchAll(/^```text output=(\S+)\n(.*?)^```$/gms)])
    .filter(([, of]) => of === file)
    .map(([, , output]) => output!)
}

function read(file: string): string {
  return readFileSync(new URL(file, root), 'utf8')
}

/** The program without its first comment and its imports. */
function body(file: string): string {
  const source = read(file)
  return source.slice(source.indexOf('\nfunction'))
}

function importsOf(file: string): string[] {
  return read(file)
    .split('\n')
    .filter((line) => line.startsWith('import'))
    .sort((a, b) => (a.includes('run') ? 1 : 0) - (b.includes('run') ? 1 : 0))
}

/** A client of the chat that has sent its name and reads. */
async function member(port: string, name: string) {
  const peer = await dial(Number(port))
  peer.read()
  await peer.until('the question', () => peer.text === 'Your name? ')
  peer.write(`${name}\n`)
  return peer
}
