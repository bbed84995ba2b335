// Real signals of real processes.
import { describe, expect, it } from 'vitest'
import { type Ending, runScript } from '../../support/script.js'

function script(program: string): Promise<Ending> {
  return runScript(`
    import { signals, server } from '@bluelet/net'
    import { run, spawn, sleep, timeout } from '@bluelet/scheduler'
    const send = (name) => process.kill(process.pid, name)
    ${program}`)
}

describe('signals of a process', () => {
  it('keep the process alive while a task waits, and no longer', async () => {
    const { code, stdout, stderr } = await script(`
      const both = signals('SIGUSR2', 'SIGTERM')
      setTimeout(() => send('SIGUSR2'), 50).unref()
      setTimeout(() => send('SIGTERM'), 100).unref()
      await run(function* () {
        console.log(yield* both.next())
        console.log(yield* both.next())
      })
      console.log('over')
    `)

    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'SIGUSR2\nSIGTERM\nover\n', stderr: '' })
  })

  it('are one if they come twice before a task asks', async () => {
    const { stdout, stderr } = await script(`
      const hups = signals('SIGHUP')
      send('SIGHUP')
      send('SIGHUP')
      await run(function* () {
        yield* sleep(50)
        console.log(yield* hups.next())
        try { yield* timeout(50, hups.next()) } catch (error) { console.log(error.name) }
      })
    `)

    expect({ stdout, stderr }).toEqual({ stdout: 'SIGHUP\nTimeoutError\n', stderr: '' })
  })

  it('have their default action again once they are closed', async () => {
    const { code, stdout } = await script(`
      const hups = signals('SIGHUP')
      send('SIGHUP')
      await run(function* () { yield* hups.next() })
      console.log('received')
      hups.close()
      send('SIGHUP')
      await new Promise((resolve) => setTimeout(resolve, 5000))
      console.log('still there')
    `)

    expect({ code, stdout }).toEqual({ code: null, stdout: 'received\n' })
  })

  it('reach a server that handles them, too', async () => {
    const { code, stdout, stderr } = await script(`
      const terms = signals('SIGTERM')
      await run(function* () {
        yield* spawn(server('127.0.0.1', 0, function* () {}, { onListening: () => send('SIGTERM') }))
        console.log(yield* terms.next())
      })
      console.log('the server has ended')
    `)

    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'SIGTERM\nthe server has ended\n',
      stderr: '',
    })
  })

  it('do not keep a server from running in a thread, which receives none', async () => {
    const { code, stdout, stderr } = await script(`
      import { Worker } from 'node:worker_threads'
      const code = \`
        import('@bluelet/net').then(async ({ server }) => {
          const { run } = await import('@bluelet/scheduler')
          const ending = new AbortController()
          const onListening = () => { console.log('listening'); ending.abort() }
          await run(server('127.0.0.1', 0, function* () {}, { signal: ending.signal, onListening }))
        })\`
      new Worker(code, { eval: true })
    `)

    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'listening\n', stderr: '' })
  })

  it('are refused in a thread, which receives none', async () => {
    const { stdout } = await script(`
      import { isMainThread, Worker } from 'node:worker_threads'
      const code = \`
        import('@bluelet/net').then(({ signals }) => {
          try { signals('SIGHUP') } catch (error) { console.log(error.message) }
        })\`
      new Worker(code, { eval: true })
    `)

    expect(stdout).toBe('signals: only the main thread of a process receives signals\n')
  })
})
