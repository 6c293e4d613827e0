import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadModules, ModuleLoadError } from './module-loader.js';

const files = {
  'default.mjs': 'export default class A {}; Reflect.defineMetadata("providers", [], A); export class B {}',
  'only.mjs': 'export class Only {}; Reflect.defineMetadata("imports", [], Only); export class Helper {}',
  'several.mjs': `export class A {}; export class B {};
    for (const type of [A, B]) Reflect.defineMetadata("imports", [], type)`,
  'none.mjs': 'export class Plain {}; export const answer = 42',
  'empty.mjs': '',
  'dynamic.mjs': 'class Orders {}; export default { module: Orders, providers: [] }',
  'broken.mjs': 'throw new Error("no database")',
  'node_modules/orders/package.json': '{ "name": "orders", "type": "module", "exports": "./index.js" }',
  'node_modules/orders/index.js': 'export class OrdersModule {}; Reflect.defineMetadata("imports", [], OrdersModule)',
};

describe('loadModules', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'manager-modules-'));
    mkdirSync(join(directory, 'node_modules/orders'), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  async function namesOf(...specifiers: string[]): Promise<string[]> {
    const modules = await loadModules(specifiers, directory);
    return modules.map((found) => (typeof found === 'function' ? found.name : found.module.name));
  }

  async function problemsOf(...specifiers: string[]): Promise<readonly string[]> {
    const error: unknown = await loadModules(specifiers, directory).catch((thrown: unknown) => thrown);
    if (error instanceof ModuleLoadError) return error.problems;
    throw new Error('They could be loaded.');
  }

  it('takes the default export, the only module, or the one that is named, in the order given', async () => {
    expect(await namesOf('./several.mjs#B', './default.mjs', './only.mjs')).toEqual(['B', 'A', 'Only']);
  });

  it('takes a dynamic module', async () => {
    expect(await namesOf('./dynamic.mjs')).toEqual(['Orders']);
  });

  it('finds packages, absolute paths and file URLs', async () => {
    const path = join(directory, 'only.mjs');
    expect(await namesOf('orders#OrdersModule', path, `${pathToFileURL(path).href}#Only`)).toEqual([
      'OrdersModule',
      'Only',
      'Only',
    ]);
  });

  it('says which of several modules can be meant', async () => {
    expect(await problemsOf('./several.mjs')).toEqual(['"./several.mjs" exports several Nest modules: add #A or #B.']);
  });

  it('refuses what is no module', async () => {
    expect(await problemsOf('./none.mjs', './none.mjs#Plain', './none.mjs#Missing', './empty.mjs')).toEqual([
      '"./none.mjs" exports no Nest module. It exports Plain, answer.',
      '"./none.mjs#Plain" is no Nest module: Plain has no @Module().',
      '"./none.mjs#Missing" is not there. It exports Plain, answer.',
      '"./empty.mjs" exports no Nest module. It exports nothing.',
    ]);
  });

  it('reports everything that cannot be loaded at once, with the reason', async () => {
    const problems = await problemsOf('./broken.mjs', './only.mjs', './missing.mjs', 'no-such-package');
    expect(problems).toEqual([
      '"./broken.mjs" cannot be loaded: no database',
      expect.stringMatching(/^"\.\/missing\.mjs" cannot be loaded: .*missing\.mjs/s),
      expect.stringMatching(/^"no-such-package" cannot be loaded: .*no-such-package/s),
    ]);
  });

  it('says that compiled files are wanted', async () => {
    expect(await problemsOf('./orders.module.ts')).toEqual([
      expect.stringMatching(/Name the compiled JavaScript file\.$/),
    ]);
  });
});
