import * as net from '@bluelet/net'
import * as scheduler from '@bluelet/scheduler'
import * as testing from '@bluelet/scheduler/testing'

export const modules: readonly object[] = [scheduler, testing, net]
