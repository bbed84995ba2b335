// Builds the native part of the `epoll` driver for this machine, if its sources are newer than what has been built.
//
// It runs by itself after an install in the workspace, and never for users of the package. Where it cannot be built, it says why
// in one line, and all is well: the `node` driver serves. With --strict that is a failure.
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { compile, directory, sources } from './compile.js'

const built = join(directory, 'build/Release/bluelet.node')

if (process.platform === 'linux' && !isFresh()) {
  const reason = compile({ directory })
  console.log(
    reason === null
      ? 'the epoll driver is built'
      : `the epoll driver is not built, the node driver serves: ${reason}`,
  )
  if (reason !== null && process.argv.includes('--strict')) process.exitCode = 1
}

function isFresh() {
  const modified = (path) => statSync(path).mtimeMs
  return existsSync(built) && sources.every((name) => modified(join(directory, name)) <= modified(built))
}
