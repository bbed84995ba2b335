// Browsers have no Buffer.
import { Buffer } from 'buffer/'

globalThis.Buffer ??= Buffer as unknown as typeof globalThis.Buffer // It has the same methods.
