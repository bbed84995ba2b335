// What a page has to bring: it has no Buffer of its own.
import { Buffer } from 'buffer'

globalThis.Buffer = Buffer as typeof globalThis.Buffer // It is a port of the same class.
