// Every name that users may import from @bluelet/net: a change here is a change of the public interface.
import { fileURLToPath } from 'node:url'
import * as net from '@bluelet/net'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const declarations = fileURLToPath(new URL('../../packages/net/dist/index.d.ts', import.meta.url))

describe('@bluelet/net', () => {
  const declared = declaredNames()

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
      'listen',
      'nodeDriver',
      'server',
    ])
  })

  it('exports these types beside them', () => {
    const types = declared.filter((name) => !(name in net))

    expect(types).toEqual([
      'ConnectOptions',
      'Driver',
      'DriverListener',
      'DriverSocket',
      'Handler',
      'ListenOptions',
      'ListenTarget',
      'Observer',
      'ReadOptions',
      'ServerOptions',
    ])
  })

  it('declares every value that it exports', () => {
    const undeclared = Object.keys(net).filter((name) => !declared.includes(name))

    expect(undeclared).toEqual([])
  })
})

/** The names in the declarations that users get. */
function declaredNames(): string[] {
  const program = ts.createProgram([declarations], { module: ts.ModuleKind.NodeNext, noLib: true, types: [] })
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(declarations)!)!
  return checker
    .getExportsOfModule(module)
    .map(({ name }) => name)
    .sort()
}
