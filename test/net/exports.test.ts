// Every name that users may import from @bluelet/net: a change here is a change of the public interface.
import { fileURLToPath } from 'node:url'
import * as net from '@bluelet/net'
import * as testing from '@bluelet/net/testing'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

describe('@bluelet/net', () => {
  const declared = declaredNames('index')

  it('exports these values', () => {
    const values = Object.keys(net).sort()

    expect(values).toEqual([
      'Address',
      'BusyError',
      'CLOSED',
      'ClosedError',
      'ConnectError',
      'Connection',
      'ConnectionResetError',
      'FAILED',
      'IncompleteReadError',
      'LimitError',
      'ListenError',
      'Listener',
      'READABLE',
      'TimeoutError',
      'WRITABLE',
      'connect',
      'driverNamed',
      'listen',
      'nodeDriver',
      'read',
      'server',
      'write',
    ])
  })

  it('exports these types beside them', () => {
    const types = declared.filter((name) => !(name in net))

    expect(types).toEqual([
      'ConnectOptions',
      'Driver',
      'DriverListener',
      'DriverName',
      'DriverSocket',
      'Dropped',
      'Handler',
      'LimitOptions',
      'ListenOptions',
      'ListenTarget',
      'Missed',
      'NetworkHost',
      'Observer',
      'Overload',
      'ReadOptions',
      'ReadableLike',
      'ServerCounts',
      'ServerOptions',
      'SocketSettings',
      'StreamReadOptions',
      'WritableLike',
    ])
  })

  it('declares every value that it exports', () => {
    const undeclared = Object.keys(net).filter((name) => !declared.includes(name))

    expect(undeclared).toEqual([])
  })
})

describe('@bluelet/net/testing', () => {
  const declared = declaredNames('testing')

  it('exports these values', () => {
    const values = Object.keys(testing).sort()

    expect(values).toEqual(['Link', 'SimulatedNetwork', 'Simulation', 'simulate'])
  })

  it('exports these types beside them', () => {
    const types = declared.filter((name) => !(name in testing))

    expect(types).toEqual(['NetworkOptions', 'Operation', 'OperationKind', 'SimulationOptions'])
  })
})

/** The names in the declarations that users get. */
function declaredNames(entry: string): string[] {
  const declarations = fileURLToPath(new URL(`../../packages/net/dist/${entry}.d.ts`, import.meta.url))
  const program = ts.createProgram([declarations], { module: ts.ModuleKind.NodeNext, noLib: true, types: [] })
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(declarations)!)!
  return checker
    .getExportsOfModule(module)
    .map(({ name }) => name)
    .sort()
}
