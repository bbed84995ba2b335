/**
 * The holds that keep a run open, counted by their source: those of `ref` and `unref`.
 */

/** How many holds of each source have not been taken back. */
export class HoldCounts {
  readonly #counts = new Map<string | undefined, number>()

  /** The sources of which there is a hold. */
  get sources(): Iterable<string | undefined> {
    return this.#counts.keys()
  }

  /** Adds a hold. */
  add(source: string | undefined): void {
    this.#counts.set(source, (this.#counts.get(source) ?? 0) + 1)
  }

  /**
   * Takes a hold back.
   *
   * @throws RangeError if there is none of this source
   */
  remove(source: string | undefined): void {
    const count = this.#counts.get(source)
    if (count === undefined) throw unbalanced(source)
    if (count === 1) this.#counts.delete(source)
    else this.#counts.set(source, count - 1)
  }
}

function unbalanced(source: string | undefined): RangeError {
  const name = source === undefined ? '' : JSON.stringify(source)
  return new RangeError(
    `unref(${name}): every ref(${name}) has been taken back; call unref once for each ref, with the same source`,
  )
}
