// The URLs of the site: a document has the path that it has in its package, an export is below its
// module.
import path from 'node:path'
import { KindRouter, PageEvent } from 'typedoc'
import { root } from './pages.js'

class Router extends KindRouter {
  /** @override @param {import('typedoc').Reflection} reflection @returns {string} */
  getIdealBaseName(reflection) {
    if (reflection.isDocument()) return this.#ofDocument(reflection)
    const below = reflection.parent?.isProject() ? 'reference' : this.getIdealBaseName(reflection.parent)
    return `${below}/${reflection.name.replace('@bluelet/', '')}`
  }

  /** @param {import('typedoc').DocumentReflection} document */
  #ofDocument(document) {
    const file = path.relative(root, document.project.files.getReflectionPath(document) ?? root)
    const page = /^packages\/[^/]+\/docs\/(.*)\.md$/.exec(file)?.[1]
    if (page !== undefined) return page
    return document.parent?.isProject() ? document.name.toLowerCase() : `sources/${file}`
  }
}

/** @param {import('typedoc').Application} app */
export function urls(app) {
  app.renderer.defineRouter('urls', Router)
  // TypeDoc links to the README by its folder, which a browser without a server shows as a list of
  // files.
  app.renderer.on(PageEvent.END, (page) => {
    page.contents = page.contents?.replace(/href="((?:\.\.?\/)+)(#[^"]*)?"/g, 'href="$1index.html$2"')
  })
}
