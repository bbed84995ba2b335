// Builds what is published: prebuilds/linux-x64 and prebuilds/linux-arm64, each with the compiler for it (Debian:
// g++-x86-64-linux-gnu, g++-aarch64-linux-gnu). What has no compiler here is named, and left out; with --strict that is a failure.
//
// One binary for each processor: it needs no C++ library, and of the C library nothing newer than glibc 2.17,
// which is checked here. (musl has the same calls; with that it was not tried.) So node-gyp and a copy are enough; prebuildify would sort by C library, for a loader that is a dependency.
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile, directory, sources } from './compile.js'

const COMPILERS = { x64: 'x86_64-linux-gnu-g++', arm64: 'aarch64-linux-gnu-g++' }
const NEWEST_GLIBC = [2, 17]

for (const [arch, compiler] of Object.entries(COMPILERS)) {
  const reason = prebuild(arch, compiler)
  console.log(`linux-${arch}: ${reason ?? 'built'}`)
  if (reason !== null && process.argv.includes('--strict')) process.exitCode = 1
}

function prebuild(arch, compiler) {
  const copy = mkdtempSync(join(tmpdir(), 'bluelet-native-'))
  const destination = join(directory, '../prebuilds', `linux-${arch}`)
  rmSync(destination, { recursive: true, force: true })
  try {
    for (const name of sources) cpSync(join(directory, name), join(copy, name))
    const built = join(copy, 'build/Release/bluelet.node')
    const reason = compile({ directory: copy, arch, compiler }) ?? tooNew(built)
    if (reason !== null) return reason
    spawnSync(compiler.replace(/g\+\+$/, 'strip'), [built])
    mkdirSync(destination, { recursive: true })
    copyFileSync(built, join(destination, 'bluelet.node'))
    return null
  } finally {
    rmSync(copy, { recursive: true })
  }
}

/** The names of versions that it needs stand in it as they are. */
function tooNew(path) {
  const text = readFileSync(path, 'latin1')
  if (/GLIBCXX|CXXABI|libstdc\+\+/.test(text)) return 'it needs the C++ library'
  const [major, minor] = NEWEST_GLIBC
  const newer = [...text.matchAll(/GLIBC_(\d+)\.(\d+)/g)].find(
    ([, a, b]) => a > major || (+a === major && b > minor),
  )
  return newer === undefined ? null : `it needs ${newer[0]}`
}
