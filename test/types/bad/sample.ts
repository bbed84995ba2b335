import * as scheduler from '@bluelet/scheduler'

// error: is not assignable to type 'string'
export const text: string = 4

// error: Property 'nothing' does not exist
export const nothing: unknown = scheduler.nothing
