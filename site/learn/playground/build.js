// Bundles the playground: what a browser loads, and the worker of it for Node.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The files of the page, by their names. */
export async function playgroundFiles() {
  const [frame, worker, style] = await Promise.all([script('frame.ts'), workerScript('browser'), styles()])
  const define = { FRAME_SCRIPT: JSON.stringify(frame), WORKER_SCRIPT: JSON.stringify(worker) }
  return {
    'index.html': readFileSync(path.join(here, 'index.html'), 'utf8'),
    'playground.js': await script('page.ts', { define }),
    'playground.css': style,
  }
}

/**
 * The script of the worker that runs programs.
 *
 * @param {'browser' | 'node'} where
 */
export function workerScript(where) {
  // Names of functions and classes are names of tasks and values.
  return script(`worker-${where}.ts`, { keepNames: true, plugins: [onlyTypes, onlyRecords] })
}

/**
 * Leaves out of sucrase what strips other things than types, and what checks its options: a tenth
 * of the page.
 *
 * @type {import('esbuild').Plugin}
 */
const onlyTypes = {
  name: 'only-types',
  setup({ onLoad }) {
    const others =
      /sucrase\/dist\/esm\/(transformers\/(CJSImport|Flow|Jest|React\w*)Transformer|CJSImportProcessor|computeSourceMap)\.js$/
    onLoad({ filter: others }, () => ({ contents: 'export default class {}' }))
    const grammars =
      /sucrase\/dist\/esm\/(parser\/plugins\/(flow|jsx\/\w+)|transformers\/JSXTransformer|util\/formatTokens)\.js$/
    onLoad({ filter: grammars }, ({ path: file }) => ({ contents: without(readFileSync(file, 'utf8')) }))
    onLoad({ filter: /sucrase\/dist\/esm\/Options\.js$/ }, () => ({
      contents: 'export function validateOptions() {}',
    }))
  },
}

/**
 * Leaves out of the worker what shows traces: it records them, and the page shows them.
 *
 * @type {import('esbuild').Plugin}
 */
const onlyRecords = {
  name: 'only-records',
  setup({ onLoad }) {
    const shows = /packages\/scheduler\/src\/trace\/(html|export\/\w+)\.ts$/
    onLoad({ filter: shows }, ({ path: file }) => ({ contents: without(readFileSync(file, 'utf8')) }))
  },
}

/** A module that exports functions of the same names, which do nothing. @param {string} source */
function without(source) {
  const names = [...source.matchAll(/^export (?:async )?function (\w+)/gm)].map(([, name]) => name)
  const functions = names.map((name) => `export function ${name}() {}`)
  return ['export default class {}', ...functions].join('\n')
}

/**
 * @param {string} entry
 * @param {import('esbuild').BuildOptions} options
 */
async function script(entry, options = {}) {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [path.join(here, entry)],
    format: 'iife',
    platform: 'browser',
    plugins: [onlyTypes],
    // The packages look for their own files, and a bundle has none.
    logOverride: { 'empty-import-meta': 'silent', 'ignored-bare-import': 'silent' },
    ...options,
  })
  return outputFiles[0].text
}

async function styles() {
  const { outputFiles } = await build({ ...common, entryPoints: [path.join(here, 'playground.css')] })
  return outputFiles[0].text
}

/** @type {import('esbuild').BuildOptions & { write: false }} */
const common = {
  bundle: true,
  minify: true,
  target: 'es2022',
  charset: 'utf8',
  write: false,
  tsconfig: path.join(here, '../tsconfig.json'),
  logLevel: 'warning',
}
