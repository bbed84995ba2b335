// The modules of the reference: those in the packages' export maps, by their import specifiers.
// A link to a source file leads to what it exports, if that has the name of the file.
import path from 'node:path'
import { Converter, ReferenceReflection } from 'typedoc'
import { manifestOf, packages, root } from './pages.js'

/** The name of each module, by its source. @type {ReadonlyMap<string, string>} */
const modules = new Map(packages().flatMap(modulesOf))

/** @returns {string[]} */
export function entryPoints() {
  return [...modules.keys()]
}

/** @param {import('typedoc').Application} app */
export function reference(app) {
  validateEachPackage(app)

  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, module) => {
    if (!module.parent?.isProject()) return
    const source = fileOf(module)
    module.name = modules.get(path.relative(root, source)) ?? module.name
    const readme = path.join(path.dirname(source), '../README.md')
    if (source.endsWith('/index.ts')) context.project.files.registerReflectionPath(readme, module)
  })

  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    // The modules come before the pages of their group.
    project.childrenIncludingDocuments?.sort((a, b) => Number(a.isDocument()) - Number(b.isDocument()))
    const exports = (project.children ?? []).flatMap((module) => module.children ?? [])
    for (const reflection of exports) {
      const file = fileOf(reflection)
      const sameName = path.basename(file, '.ts').replaceAll('-', '') === reflection.name.toLowerCase()
      if (sameName && !(reflection instanceof ReferenceReflection))
        project.files.registerReflectionPath(file, reflection)
    }
  })
}

/**
 * TypeDoc requires comments and exports for one package only, that of the project.
 *
 * @param {import('typedoc').Application} app
 */
function validateEachPackage(app) {
  const validate = app.validate.bind(app)
  app.validate = (project) => {
    for (const name of packages()) {
      project.packageName = manifestOf(name).name
      validate(project)
    }
  }
}

/** @param {string} name @returns {[string, string][]} */
function modulesOf(name) {
  const manifest = manifestOf(name)
  return Object.entries(manifest.exports)
    .filter(([, { types }]) => types !== undefined)
    .map(([key, { types }]) => [
      path.join('packages', name, types.replace('dist', 'src').replace(/\.d\.ts$/, '.ts')),
      path.posix.join(manifest.name, key),
    ])
}

/** @param {import('typedoc').Reflection} reflection */
function fileOf(reflection) {
  return reflection.project.getSymbolIdFromReflection(reflection)?.fileName ?? ''
}
