// Builds `viewer.html`: one file, which contains all that it needs. Part of bundle.mjs.
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const scheduler = fileURLToPath(new URL('../../../packages/scheduler/', import.meta.url))

/** Writes the viewer, unless it is newer than everything that it is made of. */
export async function buildViewer(path = join(scheduler, 'dist/viewer.html')) {
  if (existsSync(path) && statSync(path).mtimeMs > newest(here, join(scheduler, 'src'))) return path
  const text = await viewer()
  mkdirSync(dirname(path), { recursive: true })
  // Another process may be reading it.
  writeFileSync(`${path}.${process.pid}`, text)
  renameSync(`${path}.${process.pid}`, path)
  return path
}

function newest(...folders) {
  const times = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((file) => statSync(join(folder, file)).mtimeMs),
  )
  return Math.max(...times)
}

async function viewer() {
  const { build } = await import('esbuild')
  const options = { bundle: true, minify: true, write: false, legalComments: 'none', target: 'es2022' }
  const made = await build({
    ...options,
    entryPoints: { script: join(here, 'page.ts'), style: join(here, 'page.css') },
    outdir: here,
    format: 'iife',
    platform: 'browser',
    logOverride: { 'empty-import-meta': 'silent' }, // Of `toHTML`, which is not used here.
    tsconfig: join(here, '../tsconfig.json'),
  })
  const [script, style] = ['.js', '.css'].map((ending) => {
    const { text } = made.outputFiles.find(({ path }) => path.endsWith(ending))
    return text.trim().replaceAll('</', '<\\/')
  })
  return readFileSync(join(here, 'page.html'), 'utf8')
    .replace('script-src', () => `script-src ${hash(script)}`)
    .replace('style-src', () => `style-src ${hash(style)}`)
    .replace(/<link rel="stylesheet".*>/, () => `<style>${style}</style>`)
    .replace(/<script src=.*><\/script>/, () => `<script>${script}</script>`)
}

/** What the content security policy allows to run. */
function hash(text) {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
