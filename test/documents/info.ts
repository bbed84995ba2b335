// The words behind the opening fence of a block:
//
//   ts                a module of its own: it compiles
//   ts run            it also runs, and ends with code 0
//   ts run prints     its output is the block that follows
//   ts play           a program of its own, which the site shows in a playground
//   ts from=FILE      lines of a file
//   ts from=FILE play the same; below it, the site shows the file in a playground
//   ts from=FILE lesson  the whole file, which the site shows with its lesson
//   text output=FILE  the whole output of a file
//   sh, text, ...     commands and quotations, which no test checks
/** What a block says of itself. */
export interface Info {
  readonly language: string
  readonly run: boolean
  readonly prints: boolean
  /** From the root of the repository. */
  readonly from: string | null
  readonly output: string | null
}

/** The languages of blocks, and the further words that each may have. */
const WORDS: Readonly<Record<string, RegExp>> = {
  ts: /^(run( prints)?|play|from=\S+( play| lesson)?)?$/,
  js: /^from=\S+$/,
  python: /^(from=\S+)?$/,
  sh: /^(from=\S+)?$/,
  console: /^(output=\S+)?$/,
  text: /^((from|output)=\S+)?$/,
  json: /^((from|output)=\S+)?$/,
  html: /^(from=\S+)?$/,
}

/** @throws Error for an unknown word, which would check nothing */
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

/** Whether the block is a program of its own. */
export function isModule({ language, from }: Info): boolean {
  return language === 'ts' && from === null
}
