// The documentation site, and the gate on doc comments: every export and every member of it has one, every link leads
// somewhere, and every type that a signature names is exported too.
import { headingsWithCode } from './site/headings.js'
import { GROUPS, navigation } from './site/navigation.js'
import { pageFiles, pages } from './site/pages.js'
import { playable, playground } from './site/playground.js'
import { entryPoints, reference } from './site/reference.js'
import { search } from './site/search.js'
import { sources } from './site/sources.js'
import { urls } from './site/urls.js'

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'Bluelet',
  tsconfig: 'tsconfig.docs.json',
  // `tsc -b` has checked each package, and the scheduler without the types of Node.
  skipErrorChecking: true,
  entryPoints: entryPoints(),
  projectDocuments: pageFiles(),
  readme: 'README.md',
  plugin: [pages, reference, sources, search, navigation, playground, urls],
  out: 'docs-out',

  // The groups of the site are those of the pages, and the modules.
  locales: { en: { kind_plural_module: 'Reference' } },
  groupOrder: [
    ...GROUPS,
    ...['Functions', 'Classes', 'Interfaces', 'Type Aliases', 'Variables'],
    ...['Constructors', 'Properties', 'Accessors', 'Methods', '*'],
  ],
  navigation: { includeGroups: true, includeFolders: false },
  navigationLeaves: ['Sources'],
  sortEntryPoints: false,
  includeHierarchySummary: false,
  headings: { readme: false, document: false },
  router: 'urls',
  highlightLanguages: [
    'c',
    'console',
    'cpp',
    'go',
    'html',
    'javascript',
    'json',
    'python',
    'sh',
    'typescript',
  ],
  markdownItLoader(parser) {
    headingsWithCode(parser)
    playable(parser)
  },
  searchInComments: true,
  searchInDocuments: true,
  customCss: 'site/style.css',
  favicon: 'site/favicon.svg',
  hideGenerator: true,

  treatWarningsAsErrors: true,
  // Links to the sources need a git remote, which a fresh clone or a tarball may not have.
  disableSources: true,
  disableGit: true,
  excludeInternal: true,
  excludePrivate: true,
  validation: {
    notDocumented: true,
    notExported: true,
    invalidLink: true,
    invalidPath: true,
    rewrittenLink: true,
  },
  requiredToBeDocumented: [
    'Variable',
    'Function',
    'Class',
    'Interface',
    'TypeAlias',
    'Enum',
    'EnumMember',
    'Constructor',
    'Property',
    'Method',
    'Accessor',
    'GetSignature',
    'SetSignature',
    'CallSignature',
    'IndexSignature',
    'ConstructorSignature',
  ],
}
