/**
 * Rewrites a program so that it tells where it yields, with which local variables, and that a loop
 * goes on. Nothing else changes: every line stays where it is.
 *
 *   yield E            yield __at((E), line, () => ({ name, ... }))
 *   yield work(1)      yield __at((work(1)), line, () => ({ name, ... }), 'work')
 *   while (E) { ... }  while (E) {__tick(line); ... }
 *
 * The grammar is that of the editor, which also reads TypeScript. It goes on after a mistake, so
 * that `firstMistake` can say where one is.
 */

import type { SyntaxNode, Tree } from '@lezer/common'
import { parser } from '@lezer/javascript'

const GRAMMAR = parser.configure({ dialect: 'ts' })

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'MethodDeclaration',
  'ArrowFunction',
])
const LOOPS: ReadonlySet<string> = new Set(['WhileStatement', 'DoStatement', 'ForStatement'])
const SCOPES: ReadonlySet<string> = new Set([...FUNCTIONS, 'Block', 'ForStatement', 'CatchClause', 'Script'])

/** What a program contains that is inserted at a place. */
interface Insertion {
  readonly at: number
  readonly text: string
}

/** Where a program imports something. */
export interface Specifier {
  /** The quotation marks included. */
  readonly from: number
  readonly to: number
  readonly name: string
  readonly line: number
}

/** A source text, and what it consists of. */
export class Source {
  readonly text: string
  readonly #tree: Tree
  /** The places where the lines begin. */
  readonly #lines: readonly number[]

  constructor(text: string) {
    this.text = text
    this.#tree = GRAMMAR.parse(text)
    this.#lines = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  }

  /** The number of the line of a place, from 1. */
  lineAt(place: number): number {
    let [low, high] = [0, this.#lines.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((this.#lines[middle] ?? 0) <= place) low = middle
      else high = middle
    }
    return low + 1
  }

  /** The line of the first thing that the grammar does not expect; null if there is none. */
  firstMistake(): number | null {
    let place: number | null = null
    this.#tree.iterate({
      enter: ({ type, from }) => {
        if (type.isError) place ??= from
        return place === null
      },
    })
    return place === null ? null : this.lineAt(place)
  }

  /** The imports that name a module by a literal. */
  specifiers(): Specifier[] {
    const found: Specifier[] = []
    this.#tree.iterate({
      enter: ({ node }) => {
        if (node.name !== 'String') return
        const parent = node.parent?.name ?? ''
        const imports =
          parent === 'ImportDeclaration' || parent === 'ExportDeclaration' || parent === 'DynamicImport'
        const { from, to } = node
        if (imports)
          found.push({ from, to, name: this.text.slice(from + 1, to - 1), line: this.lineAt(from) })
      },
    })
    return found
  }

  /** The program, rewritten. */
  instrumented(): string {
    return this.#with(this.#insertions())
  }

  /** With the names of modules replaced, and rewritten or not. */
  withSpecifiers(rename: (specifier: Specifier) => string, rewritten = true): string {
    const renames = this.specifiers().map((specifier) => ({ ...specifier, text: rename(specifier) }))
    const insertions = rewritten ? this.#insertions() : []
    let out = ''
    let place = 0
    for (const { from, to, text } of renames) {
      out += this.#with(insertions, place, from) + text
      place = to
    }
    return out + this.#with(insertions, place)
  }

  #with(insertions: readonly Insertion[], from = 0, to: number = this.text.length): string {
    let out = ''
    let place = from
    for (const { at, text } of insertions) {
      // What belongs to the place where a part ends belongs to the next part.
      if (at < from || (at >= to && to < this.text.length)) continue
      out += this.text.slice(place, at) + text
      place = at
    }
    return out + this.text.slice(place, to)
  }

  /** In order. At one place the inner ones end first. */
  #insertions(): Insertion[] {
    const begins: Insertion[] = []
    const ends: Insertion[] = []
    this.#tree.iterate({
      enter: ({ node }) => {
        if (node.name === 'yield') this.#mark(node, begins, ends)
        else if (LOOPS.has(node.name)) this.#tick(bodyOf(node), node.from, begins, ends)
        else if (FUNCTIONS.has(node.name)) this.#tick(node.getChild('Block'), node.from, begins, ends)
      },
    })
    // Iteration meets outer nodes first, so that their ends must come last.
    const all = [...ends.reverse(), ...begins]
    return all
      .map((insertion, order) => ({ ...insertion, order }))
      .sort((a, b) => a.at - b.at || a.order - b.order)
  }

  #mark(word: SyntaxNode, begins: Insertion[], ends: Insertion[]): void {
    const whole = word.parent
    if (whole === null) return
    const to = endOfOperand(whole)
    const before = /^yield[^\S\n]*\*?\s*/.exec(this.text.slice(whole.from, to))?.[0] ?? ''
    const from = whole.from + before.length
    // A bare `yield` may also be followed by a line of its own.
    if (from >= to || /^\s/.test(this.text.slice(from, to))) return
    if (before.includes('\n') && !before.includes('*')) return
    const callee = before.includes('*') ? '' : calleeIn(this.text.slice(from, to))
    const locals = `()=>({${this.#namesAt(whole).join(',')}})`
    begins.push({ at: from, text: '__at((' })
    ends.push({ at: to, text: `),${this.lineAt(whole.from)},${locals}${callee})` })
  }

  #tick(body: SyntaxNode | null, loop: number, begins: Insertion[], ends: Insertion[]): void {
    if (body === null) return
    const tick = `__tick(${this.lineAt(loop)});`
    if (body.name === 'Block') begins.push({ at: body.from + 1, text: tick })
    else {
      begins.push({ at: body.from, text: `{${tick}` })
      ends.push({ at: body.to, text: '}' })
    }
  }

  /** The names of the variables of the function that have a value at a yield. */
  #namesAt(place: SyntaxNode): string[] {
    const fn = functionOf(place)
    if (fn === null) return []
    const names = new Set<string>()
    this.#tree.iterate({
      from: fn.from,
      to: place.from,
      enter: ({ node }) => {
        if (node.from > fn.from && FUNCTIONS.has(node.name) && node.to <= place.from) return false
        if (node.name !== 'VariableDefinition' || node.from >= place.from) return
        if (isOfFunction(node, fn) && isVisible(node, place)) names.add(this.text.slice(node.from, node.to))
        return
      },
    })
    return [...names]
  }
}

/**
 * Where the operand of a `yield` ends. The grammar lets `yield` bind as closely as `!` does, and
 * the language less closely than every operator but the comma.
 */
function endOfOperand(whole: SyntaxNode): number {
  let last = whole
  for (let node = whole.parent; node !== null && node.from === whole.from; node = node.parent) {
    if (!node.name.endsWith('Expression') || node.name === 'SequenceExpression') break
    last = node
  }
  return last.to
}

function functionOf(node: SyntaxNode): SyntaxNode | null {
  let fn = node.parent
  while (fn !== null && !FUNCTIONS.has(fn.name)) fn = fn.parent
  return fn
}

/** Whether a definition is a variable of that function: not its name, and not one of another. */
function isOfFunction(definition: SyntaxNode, fn: SyntaxNode): boolean {
  const parent = definition.parent
  if (parent === null) return false
  if (parent.name === 'FunctionDeclaration' || parent.name === 'FunctionExpression') return false
  if (parent.name === 'ClassDeclaration' || parent.name === 'ClassExpression') return false
  const own = functionOf(definition)
  return own !== null && own.from === fn.from && own.to === fn.to
}

/**
 * Whether a variable that is defined before a place is in scope there, and has been given a value.
 */
function isVisible(definition: SyntaxNode, place: SyntaxNode): boolean {
  for (let node = definition.parent; node !== null; node = node.parent) {
    // `const data = yield ...` has no value yet, and `for (const n of yield ...)` neither.
    if (node.name === 'VariableDeclaration' && node.to > place.from) return false
    if (node.name === 'ForOfSpec' || node.name === 'ForInSpec') {
      if (node.to > place.from) return false
    }
    if (SCOPES.has(node.name)) return node.from <= place.from && node.to >= place.to
  }
  return false
}

/** The name of the function that an expression calls, as a further argument. */
function calleeIn(operand: string): string {
  const name = /^(?:[\w$]+\.)*([\w$]+)\(/.exec(operand)?.[1]
  return name === undefined ? '' : `,'${name}'`
}

/** The statement that a loop repeats. */
function bodyOf(loop: SyntaxNode): SyntaxNode | null {
  if (loop.name !== 'DoStatement') return loop.lastChild
  const word = loop.getChild('do')
  return word === null ? null : word.nextSibling
}
