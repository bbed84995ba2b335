// What the search of the site prefers among several things of one name.
import { IndexEvent } from 'typedoc'

/**
 * The class whose members come first: most readers who look for `recv` mean that of a connection.
 */
const PREFERRED = 'Connection'

/** @param {import('typedoc').Application} app */
export function search(app) {
  app.renderer.on(IndexEvent.PREPARE_INDEX, ({ searchResults }) => {
    for (const result of searchResults) {
      if (result.parent?.name === PREFERRED) result.relevanceBoost = 1.5
    }
  })
}
