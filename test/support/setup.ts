// For every test: it leaves no socket, no active resource and no task behind.
import { leavesNoRun, leavesNothingOpen } from './leaks.js'

leavesNothingOpen()
leavesNoRun()
