import { describe, expect, it } from '@jest/globals';
import { inheritedArguments } from './inherited-arguments.js';

describe('the arguments of Node that a server process gets', () => {
  it.each([
    ['loaders and conditions, with values of their own', ['--import', 'tsx', '-r', './hook.cjs', '-C', 'development']],
    ['the same with values after =', ['--import=tsx', '--conditions=development', '--require=./hook.cjs']],
    ['limits and switches', ['--max-old-space-size=512', '--expose-gc', '--enable-source-maps', '--no-warnings']],
    ['what lets it do less', ['--permission', '--allow-fs-read=*', '--disable-proto', 'delete']],
  ])('are %s', (_, given) => {
    expect(inheritedArguments(given)).toEqual(given);
  });

  it.each([
    [
      'what the parent runs',
      ['-e', 'startManager()', '-p', '1', '-pe', '2', '--input-type', 'module', '--eval=1', '-i'],
    ],
    ['where it is debugged', ['--inspect', '--inspect-brk=0.0.0.0:9229', '--inspect-port', '0', '--inspect-wait']],
    [
      'what it measures',
      ['--prof', '--cpu-prof', '--cpu-prof-dir', '/tmp/x', '--cpu-prof-name', 'a', '--heap-prof-dir', 'b'],
    ],
    ['its tests', ['--test', '--test-reporter', 'spec', '--test-name-pattern', 'a', '--experimental-test-coverage']],
    ['what it watches', ['--watch', '--watch-path', './src', '--watch-preserve-output']],
    ['its name and its snapshot', ['--title', 'parent', '--snapshot-blob', 'x.blob', '--build-snapshot']],
  ])('are not %s', (_, given) => {
    expect(inheritedArguments(['--expose-gc', ...given, '--import', 'tsx'])).toEqual([
      '--expose-gc',
      '--import',
      'tsx',
    ]);
  });
});
