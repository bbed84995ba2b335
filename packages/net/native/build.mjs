// Builds the native part of the `epoll` driver for this machine, if its sources are newer than the
// last build.
//
// It runs after each install in the workspace, and never for users of the package. If the build is
// not possible, it prints the reason in one line and succeeds, because the `node` driver serves.
// With --strict that is a failure.
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
