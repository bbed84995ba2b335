/** Where signals of the process come from. Types only. */

/** Receives a signal. */
export type SignalListener = (name: NodeJS.Signals) => void

/** The signals of this process. */
export interface SignalSource {
  /** @throws Error if this thread receives no signals */
  assertAvailable(): void
  /** Why a program cannot wait for a signal; undefined if it can. */
  refusal(name: unknown): string | undefined
  /**
   * Calls back at each signal of a name, in place of its default action; never in a thread that
   * receives no signals.
   *
   * @returns removes the listener; the last one restores the default action
   */
  listen(name: NodeJS.Signals, listener: SignalListener): () => void
  /** Keeps the process alive, which a listener does not. @returns lets it end */
  hold(): () => void
}
