/**
 * The editor: CodeMirror, which also shows at which lines tasks are, in the place of the viewer's
 * own pane of sources.
 */

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  LanguageSupport,
  syntaxHighlighting,
} from '@codemirror/language'
import { EditorState, Prec, StateEffect, StateField } from '@codemirror/state'
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  WidgetType,
} from '@codemirror/view'
import { tags } from '@lezer/highlight'
import type { SourceMark, SourceMarks } from '../viewer/source-pane.js'
import { TYPESCRIPT } from './language.js'

/** More tasks at a line are counted. */
const MAX_TAGS = 3

/** How an editor is made. */
export interface EditorOptions {
  readonly text: string
  readonly onRun: () => void
  readonly onChange: () => void
}

/** The editor of one file. */
export class Editor implements SourceMarks {
  readonly #view: EditorView
  readonly #file: string

  constructor(parent: HTMLElement, file: string, { text, onRun, onChange }: EditorOptions) {
    this.#file = file
    const command = (): true => {
      onRun()
      return true // It is the command of this key.
    }
    const run = keymap.of([{ key: 'Mod-Enter', run: command }])
    this.#view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          Prec.highest(run),
          ...[
            lineNumbers(),
            history(),
            drawSelection(),
            EditorView.lineWrapping,
            indentOnInput(),
            bracketMatching(),
          ],
          ...[highlightActiveLine(), highlightActiveLineGutter()],
          // Tab leaves the editor, so that it is no trap; Ctrl+] indents.
          keymap.of([...defaultKeymap, ...historyKeymap]),
          new LanguageSupport(TYPESCRIPT),
          syntaxHighlighting(COLOURS),
          MARKS,
          EditorView.contentAttributes.of({ 'aria-label': 'Program. Control+Enter runs it.' }),
          EditorView.updateListener.of(({ docChanged }) => {
            if (docChanged) onChange()
          }),
        ],
      }),
    })
  }

  get text(): string {
    return this.#view.state.doc.toString()
  }

  /** Replaces the whole text. */
  set text(text: string) {
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } })
  }

  focus(): void {
    this.#view.focus()
  }

  /** Shows where tasks are. */
  mark(marks: readonly SourceMark[]): void {
    const here = marks.filter(({ file }) => file === this.#file)
    const effects: StateEffect<unknown>[] = [setMarks.of(here)]
    const runs = here.find(({ kind }) => kind === 'runs')
    // While the reader types, the text stays where it is.
    if (runs !== undefined && !this.#view.hasFocus) {
      const place = this.#lineAt(runs.line)
      if (place !== null) effects.push(EditorView.scrollIntoView(place, { y: 'nearest', yMargin: 40 }))
    }
    this.#view.dispatch({ effects })
  }

  /** Shows where a mistake is; null: nowhere. */
  markMistake(line: number | null): void {
    const place = line === null ? null : this.#lineAt(line)
    this.#view.dispatch({
      effects: [
        setMistake.of(place),
        ...(place === null ? [] : [EditorView.scrollIntoView(place, { y: 'nearest', yMargin: 40 })]),
      ],
    })
  }

  /** Puts the cursor at a line. */
  goTo(line: number): void {
    const place = this.#lineAt(line)
    if (place === null) return
    this.#view.dispatch({ selection: { anchor: place }, scrollIntoView: true })
    this.#view.focus()
  }

  #lineAt(line: number): number | null {
    const { doc } = this.#view.state
    return line >= 1 && line <= doc.lines ? doc.line(line).from : null
  }
}

const setMarks = StateEffect.define<readonly SourceMark[]>()
const setMistake = StateEffect.define<number | null>()

const SIGNS: Readonly<Record<SourceMark['kind'], string>> = { runs: '▶ ', ready: '▷ ', waits: '‖ ' }

/** The tasks at a line, at its end. */
class Tags extends WidgetType {
  readonly #marks: readonly SourceMark[]

  constructor(marks: readonly SourceMark[]) {
    super()
    this.#marks = marks
  }

  override eq(other: Tags): boolean {
    return String(this) === String(other)
  }

  override toString(): string {
    return this.#marks.map(({ kind, label }) => `${kind} ${label}`).join()
  }

  override toDOM(): HTMLElement {
    const tagsOf = document.createElement('span')
    tagsOf.className = 'line-tags'
    for (const { kind, label } of this.#marks.slice(0, MAX_TAGS))
      tagsOf.append(tag(kind, SIGNS[kind] + label))
    const more = this.#marks.length - MAX_TAGS
    if (more > 0) tagsOf.append(tag('more', `+${more}`))
    return tagsOf
  }
}

function tag(kind: string, text: string): HTMLElement {
  const element = document.createElement('span')
  element.className = `line-tag ${kind}`
  element.textContent = text
  return element
}

const MARKS = StateField.define<{ readonly tasks: DecorationSet; readonly mistake: DecorationSet }>({
  create: () => ({ tasks: Decoration.none, mistake: Decoration.none }),
  update({ tasks, mistake }, transaction) {
    let next = { tasks: tasks.map(transaction.changes), mistake: mistake.map(transaction.changes) }
    for (const effect of transaction.effects) {
      if (effect.is(setMarks)) next = { ...next, tasks: decorations(transaction.state, effect.value) }
      if (effect.is(setMistake)) {
        const at = effect.value
        next = { ...next, mistake: at === null ? Decoration.none : Decoration.set([MISTAKE.range(at)]) }
      }
    }
    return next
  },
  provide: (field) => [
    EditorView.decorations.from(field, ({ tasks }) => tasks),
    EditorView.decorations.from(field, ({ mistake }) => mistake),
  ],
})

const MISTAKE = Decoration.line({ class: 'line-mistake' })

function decorations({ doc }: EditorState, marks: readonly SourceMark[]): DecorationSet {
  const byLine = new Map<number, SourceMark[]>()
  for (const mark of marks) {
    if (mark.line <= doc.lines) byLine.set(mark.line, [...(byLine.get(mark.line) ?? []), mark])
  }
  const all = [...byLine].flatMap(([number, here]) => {
    const { from, to } = doc.line(number)
    const runs = here.some(({ kind }) => kind === 'runs')
    return [
      Decoration.line({ class: runs ? 'line-runs' : 'line-waits' }).range(from),
      Decoration.widget({ widget: new Tags(here), side: 1 }).range(to),
    ]
  })
  return Decoration.set(all, true)
}

/** The colours are those of the page. */
const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword, tags.self], class: 'tok-keyword' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], class: 'tok-string' },
  { tag: [tags.number, tags.bool, tags.null], class: 'tok-number' },
  { tag: tags.comment, class: 'tok-comment' },
  { tag: [tags.typeName, tags.className], class: 'tok-type' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], class: 'tok-function' },
])
