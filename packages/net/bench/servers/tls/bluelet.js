// The part that our measured servers over TLS share.
import { Connection } from '@bluelet/net'
import { serve } from '../bluelet.js'
import { certificate } from './certificate.js'

if (!('startTls' in Connection.prototype)) throw new Error('its build has no TLS')

/** Serves with this handler over TLS, on the driver that the command line names. */
export function serveTls(handler) {
  return serve(handler, { tls: certificate })
}
