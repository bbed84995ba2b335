/**
 * Leaves the frames of this package out of call sites and traces.
 */

import { registerOwnFiles } from '@bluelet/scheduler/lowlevel'

// Pure for a user's bundler, which may drop it: in a bundle nothing is left out anyway.
/* @__PURE__ */ registerOwnFiles(import.meta.url, ['dist/bluelet-net.js', 'src/own-files.ts'])
