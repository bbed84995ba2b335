// A certificate that openssl makes when a server starts, on a curve that most servers use.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const folder = mkdtempSync(path.join(os.tmpdir(), 'bluelet-bench-'))
const [keyFile, certFile] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')]
const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
const args = [
  'req',
  '-x509',
  ...kind,
  '-days',
  '2',
  '-subj',
  '/CN=localhost',
  '-keyout',
  keyFile,
  '-out',
  certFile,
]
execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })

export const certificate = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
rmSync(folder, { recursive: true })
