/**
 * Elements, made from data. A text is never read as HTML, whatever it contains.
 */

/** What an element contains; what is empty is left out. */
export type Child = Node | string | number | null | undefined | false

/** Attributes, and functions for events (`onclick`). What is false or undefined is left out. */
export type Props = Readonly<Record<string, string | number | boolean | undefined | ((event: never) => void)>>

/** An element. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value as unknown as EventListener) // `on` and its name.
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : String(value))
    }
  }
  element.append(...nodes(children))
  return element
}

/** Replaces what an element contains. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...nodes(children))
}

function nodes(children: readonly Child[]): (Node | string)[] {
  return children.flatMap((child) =>
    child === null || child === undefined || child === false
      ? []
      : [typeof child === 'number' ? String(child) : child],
  )
}

/** A number and its noun: `1 byte`, `2 bytes`. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? noun : plural}`
}

/** A time in milliseconds, with at most three decimals. */
export function time(ms: number): string {
  return `${Number(ms.toFixed(3)).toLocaleString('en')} ms`
}

const waiting = new Set<() => void>()

/**
 * Calls a function before the next frame, once, however often it is given until then. What reads
 * sizes or scrolls comes here: done at once it would lay the page out each time.
 */
export function beforeFrame(act: () => void): void {
  if (waiting.size === 0) requestAnimationFrame(runWaiting)
  waiting.add(act)
}

function runWaiting(): void {
  const acts = [...waiting]
  waiting.clear()
  for (const act of acts) act()
}
