// What stands behind the opening fence of a block:
//
//   ts                a module of its own: it compiles
//   ts run            it also runs, and ends with code 0
//   ts run prints     what it prints is the block that follows
//   ts from=FILE      lines of a file
//   text output=FILE  all that a file prints when it is run
//   sh, text, ...     commands, and what is quoted: nobody checks it
/** What a block says of itself. */
export interface Info {
  readonly language: string
  readonly run: boolean
  readonly prints: boolean
  /** From the root of the repository. */
  readonly from: string | null
  readonly output: string | null
}

/** Those that may be shown, and what else may stand behind each. */
const WORDS: Readonly<Record<string, RegExp>> = {
  ts: /^(run( prints)?|from=\S+)?$/,
  js: /^from=\S+$/,
  python: /^(from=\S+)?$/,
  sh: /^(from=\S+)?$/,
  console: /^(output=\S+)?$/,
  text: /^((from|output)=\S+)?$/,
  json: /^((from|output)=\S+)?$/,
  html: /^(from=\S+)?$/,
}

/** @throws on a word that nobody knows, which would check nothing */
export function infoOf(info: string): Info {
  const [language = '', ...words] = info.split(/\s+/)
  const expected = WORDS[language]
  if (expected === undefined)
    throw new Error(
      `unknown language ${JSON.stringify(language)}: expected one of ${Object.keys(WORDS).join(', ')}`,
    )
  if (!expected.test(words.join(' '))) {
    throw new Error(
      `unknown words ${JSON.stringify(words.join(' '))} after ${language}: expected ${expected.source}`,
    )
  }
  const file = (name: string) =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? null
  return {
    language,
    run: words.includes('run'),
    prints: words.includes('prints'),
    from: file('from'),
    output: file('output'),
  }
}

/** Whether it stands alone as a program. */
export function isModule({ language, from }: Info): boolean {
  return language === 'ts' && from === null
}
