// Pages have to provide Buffer themselves.
import { Buffer } from 'buffer'

globalThis.Buffer = Buffer as typeof globalThis.Buffer // The port has the same class.
