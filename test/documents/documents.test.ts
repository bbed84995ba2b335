// What is checked of the documents is found where it is wrong.
import { describe, expect, it } from 'vitest'
import { documentFiles, parseDocument } from './document.js'
import { isExcerpt } from './excerpt.js'
import { brokenLinks } from './links.js'

const page = (text: string) => parseDocument('packages/net/docs/page.md', text)

/** A fenced block. */
const block = (info: string, code: string) => `\`\`\`${info}\n${code}\n\`\`\`\n`

describe('documentFiles', () => {
  it('finds those of the root and of the packages', () => {
    expect(documentFiles()).toEqual(
      expect.arrayContaining([
        'CONTRIBUTING.md',
        'README.md',
        'packages/net/README.md',
        'packages/scheduler/README.md',
      ]),
    )
    expect(documentFiles().some((file) => /^packages\/net\/docs\/.*\.md$/.test(file))).toBe(true)
  })
})

describe('parseDocument', () => {
  it('finds blocks, what they say of themselves, and their lines', () => {
    const { blocks } = page(
      `---\ngroup: How-to\n---\n# Page\n\n- In a list:\n\n  ${block('ts run prints', '  f()\n  g()').trim().replace(/```$/, '  ```')}\n\n${block('text output=a/b.ts', 'x')}`,
    )

    expect(blocks).toEqual([
      { language: 'ts', run: true, prints: true, from: null, output: null, code: 'f()\ng()\n', line: 9 },
      { language: 'text', run: false, prints: false, from: null, output: 'a/b.ts', code: 'x\n', line: 14 },
    ])
  })

  it.each([
    'ts rnu',
    'ts prints',
    'ts run from=a.ts',
    'ts output=a.ts',
    'ts from=',
    'js',
    'text run',
    'typescript',
    'mermaid',
    '',
  ])('throws at a block that says %j', (info) => {
    expect(() => page(`text\n\n${block(info, 'x')}`)).toThrow(/^packages\/net\/docs\/page\.md:3: unknown /)
  })

  it('throws at a block that does not end', () => {
    expect(() => page('```ts\nf()\n')).toThrow('packages/net/docs/page.md:1: the block does not end')
    expect(() => page('```ts\nf()')).toThrow('packages/net/docs/page.md:1: the block does not end')
  })

  it('finds links, pictures and HTML, and none in code', () => {
    const { links } = page(
      '[a](a.md "title") ![b](b.svg) [c][ref] `[x](x.md)` <img alt="" src="d.svg">\n\n<a href="e.md">e</a>\n\n[ref]: c.md\n\n' +
        block('ts', 'f[0](y)'),
    )

    expect(links).toEqual(['a.md', 'b.svg', 'c.md', 'd.svg', 'e.md'])
  })

  it('finds headings as GitHub names them', () => {
    const { anchors } = page(
      `# What \`recv(n)\` gives\n\nTwice\n-----\n\n## Twice\n\n${block('sh', '# no heading')}`,
    )

    expect([...anchors]).toEqual(['what-recvn-gives', 'twice', 'twice-1'])
  })
})

describe('isExcerpt', () => {
  const file = 'function f() {\n  if (x) {\n    g()\n\n    h()\n  }\n}\n'

  it.each(['function f() {\n', 'if (x) {\n  g()\n', 'g()\n\nh()\n', '  }\n}\n', file])(
    'knows %j in a file',
    (code) => {
      expect(isExcerpt(code, file)).toBe(true)
    },
  )

  it.each([
    'f() {\n',
    'g()\nh()\n',
    'if (x) {\n    g()\n',
    'if (x) {\ng()\n',
    '}\n}\n',
    'g()\n\nh()\n}\nx\n',
    '\n',
    '',
  ])('knows %j not to be in a file', (code) => {
    expect(isExcerpt(code, file)).toBe(false)
  })
})

describe('brokenLinks', () => {
  const other = parseDocument('README.md', '# Other\n')

  it('passes links to files, headings and other hosts', () => {
    const links =
      '[](../../../README.md) [](../../../README.md#other) [](#page) [](../src) [](https://example.org/x#y)'

    expect(brokenLinks(page(`# Page\n\n${links}`), () => other)).toEqual([])
  })

  it.each([
    'missing.md',
    '#missing',
    '../../../README.md#missing',
    '../src/index.ts#L1',
    '../../../../README.md',
    '/README.md',
  ])('finds %s', (link) => {
    expect(brokenLinks(page(`# Page\n\n[](${link})`), () => other)).toEqual([link])
  })
})
