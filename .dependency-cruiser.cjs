// Which room may import which. Imports go up the list in CONTRIBUTING.md, "The house", and never in circles.
const library = '^libs/manager/src/';
const specs = '\\.(spec|suite|type-test)\\.ts$';

/** The files of `room` may import, of ours, only themselves and the rooms named. */
const room = (name, ...above) => ({
  name: `${name}-imports-only-${above.join('-') || 'itself'}`,
  comment: `${name}/ stands on ${above.map((other) => `${other}/`).join(', ') || 'nothing of ours'}.`,
  severity: 'error',
  from: { path: `${library}${name}/`, pathNot: specs },
  to: { path: library, pathNot: `${library}(${[name, ...above].join('|')})/` },
});

/** Nobody but the files matching `path` imports a package matching `packages`. */
const reserved = (name, comment, packages, path) => ({
  name,
  comment,
  severity: 'error',
  from: { path: library, pathNot: [specs, ...path.map((one) => library + one)] },
  to: { path: `(^|node_modules/)${packages}` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle, of types too, means that one concept is spread over two files, or that a seam is missing.',
      severity: 'error',
      from: { pathNot: specs },
      to: { circular: true },
    },
    {
      name: 'imports-resolve',
      severity: 'error',
      from: { path: library },
      to: { couldNotResolve: true },
    },
    room('protocol'),
    room('definition', 'protocol'),
    room('transport', 'protocol'),
    room('link', 'protocol', 'transport'),
    room('server', 'protocol', 'definition', 'transport', 'link'),
    room('client', 'protocol', 'definition', 'transport', 'link'),
    room('types', 'protocol', 'definition', 'server', 'client'),
    room('embedded', 'protocol'),
    room('nest', 'protocol', 'definition', 'transport', 'link', 'server', 'client', 'types', 'embedded'),
    {
      name: 'only-testing-opens-the-doors',
      comment: 'index.ts is for users: imported from inside, it closes a circle.',
      severity: 'error',
      from: { path: library, pathNot: [specs, `${library}testing/`] },
      to: { path: `${library}(index\\.ts$|testing/)` },
    },
    {
      name: 'types-see-the-seams',
      comment: 'A built-in type can do nothing that a user’s type could not.',
      severity: 'error',
      from: { path: `${library}types/`, pathNot: specs },
      to: { path: `${library}(server|client)/`, pathNot: `${library}(server|client)/index\\.ts$` },
    },
    {
      name: 'referents-live-in-the-server',
      severity: 'error',
      from: { path: `${library}types/.*referent\\.ts$` },
      to: { path: [`${library}client/`, `${library}types/manager\\.ts$`] },
    },
    {
      name: 'proxies-live-in-the-application',
      severity: 'error',
      from: { path: `${library}types/.*proxy\\.ts$` },
      to: { path: `${library}(server|client)/` },
    },
    reserved('nest-only-in-nest', 'A test can drive everything else without Nest.', '@nestjs/', [
      'nest/',
      'testing/',
      'index\\.ts$',
    ]),
    reserved('ioredis-only-in-its-transport', 'A medium is behind the transport seam.', 'ioredis(/|$)', [
      'transport/redis/',
    ]),
    {
      name: 'applications-use-the-package',
      comment: 'Applications import the library by its name, as users do.',
      severity: 'error',
      from: { path: '^apps/' },
      to: { path: '^libs/', dependencyTypes: ['local'] },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: '\\.docs-check' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
  },
};
