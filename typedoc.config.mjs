// The gate on doc comments: every export and every member of it has one, every link leads somewhere, and
// every type that a signature names is exported too.

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'Bluelet',
  entryPointStrategy: 'packages',
  entryPoints: ['packages/scheduler', 'packages/net'],
  readme: 'none',
  out: 'docs-out',
  treatWarningsAsErrors: true,
  // Each package's modules are those of its export map.
  packageOptions: {
    readme: 'none',
    // Links to the sources need a git remote, which a fresh clone or a tarball may not have.
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    validation: { notDocumented: true, notExported: true, invalidLink: true },
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
  },
}
