import { compareEcho } from './echo.js'
await compareEcho({ rounds: 9, seconds: 1, warmUpSeconds: 2 })
