// The groups of the navigation are open until a reader closes one, which TypeDoc remembers in the
// browser's storage.
import { JSX } from 'typedoc'

/** In this order. */
export const GROUPS = ['Tutorial', 'How-to', 'Explanation', 'Reference']

const OPEN = `for (const group of ${JSON.stringify(GROUPS)}) {
  const key = 'tsd-accordion-' + group
  if (localStorage.getItem(key) === null) localStorage.setItem(key, 'true')
}`

/** @param {import('typedoc').Application} app */
export function navigation(app) {
  app.renderer.hooks.on('head.begin', () =>
    JSX.createElement('script', null, JSX.createElement(JSX.Raw, { html: `try {${OPEN}} catch {}` })),
  )
}
