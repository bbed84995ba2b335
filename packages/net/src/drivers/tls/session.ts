/**
 * The session of a client, by which its next handshake is shorter. Node does not verify the name of
 * a server again when it resumes a session, so a session is for the same server and the same
 * authorities only.
 */

import type { SecureContext, SecureContextOptions } from 'node:tls'
import { shown } from '../../check.js'
import type { TlsSession } from '../../driver/tls.js'
import { builtin } from '../builtin.js'

/**
 * Gives what decides whether a server is accepted, as a text. It is made when it is first needed.
 */
export type Verification = () => string

interface Secret {
  readonly bytes: Buffer
  /** Of the settings by which the server was verified. */
  readonly verification: string
}

/** What Node needs, by what the user holds. */
const secrets = new WeakMap<object, Secret>()

/** Numbers of the contexts that users have made. */
const contexts = new WeakMap<SecureContext, number>()
let lastContext = 0

/** @param context the user's own, which says nothing of what it was made of */
export function verificationOf(
  host: string,
  verify: boolean,
  options: SecureContextOptions,
  context: SecureContext | undefined,
): Verification {
  let hash: string | undefined
  return () => {
    hash ??= hashOf(host, verify, options, context === undefined ? 0 : numberOf(context))
    return hash
  }
}

function hashOf(host: string, verify: boolean, options: SecureContextOptions, context: number): string {
  const { ca, cert, ciphers, minVersion } = options
  const texts = [ca, cert].flat().map((one) => (one === undefined ? '' : String(one)))
  const text = JSON.stringify([host, verify, ciphers, minVersion, texts, context])
  return builtin('node:crypto', 'tls').createHash('sha256').update(text).digest('base64')
}

function numberOf(context: SecureContext): number {
  const number = contexts.get(context) ?? ++lastContext
  contexts.set(context, number)
  return number
}

/** A session for the user. */
export function sessionOf(bytes: Buffer, servername: string, verification: Verification): TlsSession {
  const session: TlsSession = Object.freeze({ servername })
  secrets.set(session, { bytes, verification: verification() })
  return session
}

/** @throws TypeError if it is something else */
export function checkSession(given: unknown, what: string): void {
  if (given === undefined || (typeof given === 'object' && given !== null && secrets.has(given))) return
  throw new TypeError(
    `${what}: session: expected conn.tls.session of an earlier connection, got ${shown(given)}`,
  )
}

/**
 * What Node needs to resume it; undefined if it is of another server, or was verified otherwise.
 */
export function bytesOf(session: TlsSession | undefined, verification: Verification): Buffer | undefined {
  const secret = session && secrets.get(session)
  return secret !== undefined && secret.verification === verification() ? secret.bytes : undefined
}
