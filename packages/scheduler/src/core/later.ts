/**
 * What `attempt` of a handler answers if the event cannot be answered at once, so that it has to be
 * entered.
 */
export const LATER: unique symbol = Symbol('later')
