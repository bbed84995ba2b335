// Loads the types of Node in a project that loads none by itself (`types: []`).
/// <reference types="node" preserve="true" />

/**
 * To see why a task of a server or a client ran: recordings that follow bytes from the read to the
 * write.
 *
 * @packageDocumentation
 */

import './own-files.js'

export { type RecordedHost, recordNetwork } from './trace/record-network.js'
