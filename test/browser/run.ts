// Bundles page.ts for a browser and loads it in Chromium (or the browser in CHROMIUM), headless and
// without a network.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const EXPECTED = [
  'hello',
  'slept',
  "connect('127.0.0.1', 4915) failed: there are no sockets here; give the run a network of its own, such as { host: new Simulation() } of @bluelet/net/testing",
  'the balance is 150',
]

const folder = mkdtempSync(join(tmpdir(), 'bluelet-browser-'))
try {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  })
  // The script must not contain the end tag of a script element.
  const script = outputFiles[0]?.text.replaceAll('</script', '<\\/script') ?? ''
  const page = join(folder, 'page.html')
  writeFileSync(page, `<!doctype html><body></body><script type="module">${script}</script>`)

  const { stdout, stderr, error } = spawnSync(
    process.env.CHROMIUM ?? 'chromium',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--user-data-dir=${join(folder, 'profile')}`,
      '--virtual-time-budget=20000',
      '--dump-dom',
      page,
    ],
    { encoding: 'utf8', timeout: 60_000 },
  )
  if (error) throw error
  const shown = /<body>(.*?)<\/body>/s.exec(stdout)?.[1] ?? ''
  if (shown.trim() !== JSON.stringify(EXPECTED)) {
    throw new Error(`the page shows ${shown || stdout}; expected ${JSON.stringify(EXPECTED)}\n${stderr}`)
  }
  console.log(`the page shows ${shown}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
