// Builds the native part, with the sanitizers for addresses and undefined behaviour, in a directory
// that it creates, and prints the library for LD_PRELOAD. Exits with 2 if the compiler has no
// sanitizers.
//
// usage: node sanitize.mjs <directory>
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { compile, directory, sources } from './compile.js'

const [, , copy] = process.argv
const { stdout = '' } = spawnSync(process.env.CXX ?? 'g++', ['-print-file-name=libasan.so'], {
  encoding: 'utf8',
})
const library = (stdout ?? '').trim()

if (!library.includes('/') || !existsSync(library)) {
  console.error('there is no libasan')
  process.exit(2)
}
for (const name of sources) cpSync(join(directory, name), join(copy, name))
const reason = compile({
  directory: copy,
  flags: '-fsanitize=address,undefined -fno-sanitize-recover=all -g',
})
if (reason !== null) throw new Error(reason)
console.log(library)
