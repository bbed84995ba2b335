// Bundles each package once, as users get it: all entries share one core, whose file has a fixed
// name. `tsc -b` writes the declarations beside it. Part of `pnpm build`, which also removes what
// an earlier build left in `dist`.
//
// Rolldown, because it needs no newer Node than we do, names chunks, keeps names without a run-time
// helper (which would keep bundlers from dropping what a user does not import), and is in the tree
// already, as a part of vitest.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { buildViewer } from './site/learn/viewer/build.js'

/** For each package: the modules that stay files of their own, besides its entries. */
const CHUNKS = {
  scheduler: [],
  net: ['drivers/real', 'drivers/none', 'monitor/worker'], // What its import `#drivers` chooses from, and a thread.
}

/**
 * What all of the files share, as far as it is no entry. That of net imports no driver: files would
 * import each other. What only one file needs stays there: the sockets in `index.js`, the network
 * in memory in `testing.js`, traces in `trace.js`.
 */
const CORE = {
  scheduler: /\/src\/((?!testing\/|trace\/).*\/)?[\w-]+\.ts$/,
  net: /\/src\/((driver\/)?[\w-]+|drivers\/builtin)\.ts$/,
}

for (const name of Object.keys(CHUNKS)) {
  const root = fileURLToPath(new URL(`packages/${name}/`, import.meta.url))
  const written = await bundle(name, root)
  // What `toHTML` reads.
  if (name === 'scheduler') written.push(await buildViewer())
  removeOthers(root, written)
}

/**
 * Writes the files of one package. Those that are the same already are left alone: another process
 * may be loading them.
 */
async function bundle(name, root) {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const entries = Object.values(exports).flatMap(
    (entry) => /^.\/dist\/(.*)\.js$/.exec(entry.default)?.[1] ?? [],
  )
  const chunks = [...entries, ...CHUNKS[name]]
  const inputs = chunks.map((chunk) => `src/${chunk}.ts`)
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(chunks.map((chunk, i) => [chunk, inputs[i]])),
    external: /^(@bluelet\/|#|node:)/,
    platform: 'neutral',
    tsconfig: join(root, 'tsconfig.json'),
    // A user's bundler may drop a call that is marked as pure, this one may not.
    treeshake: { annotations: false, moduleSideEffects: () => true },
    onLog(_level, log) {
      throw new Error(log.message)
    },
  })
  const { output } = await build.generate({
    format: 'esm',
    sourcemap: true,
    sourcemapExcludeSources: true, // They are in the package.
    // Comments are in the declarations and the sources; without them a program starts a millisecond
    // sooner.
    comments: { annotation: true, jsdoc: false, legal: false },
    minifyInternalExports: false,
    hoistTransitiveImports: false,
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: [
        {
          name: `bluelet-${name}`,
          test: (id) => CORE[name].test(id) && !inputs.includes(relative(root, id)),
        },
      ],
    },
  })
  await build.close()
  return output.map(({ fileName, code, source }) => {
    const path = join(root, 'dist', fileName)
    const text = code ?? source
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
    return path
  })
}

/**
 * What stays in `dist` are these files, the declarations of modules that are there, and the state
 * of `tsc`.
 */
function removeOthers(root, written) {
  const kept = new Set(written)
  for (const file of readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name)
    const source = join(root, 'src', relative(join(root, 'dist'), path).replace(/\.d\.ts(\.map)?$/, '.ts'))
    const declares = source.endsWith('.ts') && existsSync(source)
    if (file.isFile() && !kept.has(path) && !declares && file.name !== '.tsbuildinfo') rmSync(path)
  }
}
