const swc = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: 'es6' },
  },
];
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': swc },
  moduleNameMapper: {
    // Worker threads are Node itself, which cannot load the sources: theirs are the built ones.
    '^\\./thread-file\\.js$': '<rootDir>/libs/manager/dist/types/pool/thread-file.js',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/'],
};
export default {
  // Modules of a test file are never given back by the experimental loader; a worker that has grown is replaced.
  workerIdleMemoryLimit: '400MB',
  // Tests across processes, and those that wait for the garbage collector, take longer on a busy machine. Of a project Jest
  // would not heed it.
  testTimeout: 20_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/libs/*/src/**/*.spec.ts', '<rootDir>/apps/*/src/**/*.spec.ts'],
    },
    {
      ...common,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/**/*.spec.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        '<rootDir>/test/smoke/',
        '<rootDir>/test/faults/',
        '<rootDir>/test/fuzz/',
        '<rootDir>/test/soak\\.spec\\.ts$',
      ],
    },
    { ...common, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.spec.ts'] },
    { ...common, displayName: 'fuzz', testMatch: ['<rootDir>/test/fuzz/**/*.spec.ts'] },
    { ...common, displayName: 'soak', testMatch: ['<rootDir>/test/soak.spec.ts'] },
  ],
};
