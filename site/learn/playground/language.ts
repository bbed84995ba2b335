/**
 * TypeScript in the editor: the grammar with which programs are rewritten, and how its lines are
 * indented. (`@codemirror/lang-javascript` brings completion, which would be a sixth of the page.)
 */

import {
  continuedIndent,
  delimitedIndent,
  flatIndent,
  indentNodeProp,
  LRLanguage,
} from '@codemirror/language'
import { parser } from '@lezer/javascript'

/** The language of programs. */
export const TYPESCRIPT: LRLanguage = LRLanguage.define({
  name: 'typescript',
  parser: parser.configure({
    dialect: 'ts',
    props: [
      indentNodeProp.add({
        IfStatement: continuedIndent({ except: /^\s*({|else\b)/ }),
        TryStatement: continuedIndent({ except: /^\s*({|catch\b|finally\b)/ }),
        LabeledStatement: flatIndent,
        Block: delimitedIndent({ closing: '}' }),
        'TemplateString BlockComment': () => null,
        'Statement Property': continuedIndent({ except: /^\s*{/ }),
      }),
    ],
  }),
  languageData: {
    commentTokens: { line: '//', block: { open: '/*', close: '*/' } },
    indentOnInput: /^\s*(?:case |default:|\{|\}|<\/)$/,
  },
})
