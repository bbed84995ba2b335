// Builds the published binaries, prebuilds/linux-x64 and prebuilds/linux-arm64, each with its
// compiler (Debian: g++-x86-64-linux-gnu, g++-aarch64-linux-gnu). A processor without a compiler
// here is named and left out; with --strict that is a failure.
//
// There is one binary for each processor: it needs no C++ library, and nothing newer than glibc
// 2.17, which is checked here. (musl has the same calls, but was not tested.) So node-gyp and a
// copy suffice; prebuildify would distinguish C libraries, and needs a loader that is a dependency.
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

/** The binary contains the names of the versions that it needs. */
function tooNew(path) {
  const text = readFileSync(path, 'latin1')
  if (/GLIBCXX|CXXABI|libstdc\+\+/.test(text)) return 'it needs the C++ library'
  const [major, minor] = NEWEST_GLIBC
  const newer = [...text.matchAll(/GLIBC_(\d+)\.(\d+)/g)].find(
    ([, a, b]) => a > major || (+a === major && b > minor),
  )
  return newer === undefined ? null : `it needs ${newer[0]}`
}
