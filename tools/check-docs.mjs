// node tools/check-docs.mjs [links] [code] [errors] [names] [tests]
// Holds the documentation to what is built: links and anchors, code marked as checked, the lists of errors, exports and
// options, the tests of promises.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { anchorsOf, headingsOf, linksOf, markdownBelow, readPage, tablesOf } from './markdown.mjs';
import { run } from './run.mjs';

const LIBRARY = 'libs/manager';
const ERRORS_PAGE = 'docs/reference/errors.md';
const API_PAGE = 'docs/reference/api.md';
const OPTIONS_PAGE = 'docs/reference/options.md';
const TESTED_PAGES = ['docs/concepts/failure-model.md', 'docs/guides/security.md', 'docs/reference/python.md'];
const CODE_DIR = '.docs-check';

/** Where the options of each section of the page are declared. */
const OPTION_TABLES = {
  'ManagerModule.forRoot': { interfaces: ['ManagerModuleOptions', 'MediumOptions'], known: 'manager' },
  'ManagerServerModule.forRoot': { interfaces: ['ManagerServerModuleOptions', 'MediumOptions'], known: 'server' },
  pools: { interfaces: ['PoolSettings'] },
  forRootAsync: { interfaces: ['AsyncOptions'] },
  'ManagerModule.forFeature': { interfaces: ['SharedFeature'] },
  '@SharedType': { interfaces: ['SharedTypeOptions'] },
  '@SharedFactory': { interfaces: ['SharedFactoryOptions'] },
  with: { interfaces: ['CallOptions'] },
  Limits: { interfaces: ['Limits'] },
};

const checks = { links: checkLinks, code: checkCode, errors: checkErrors, names: checkNames, tests: checkTests };
const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(checks);
if (!chosen.every((name) => Object.hasOwn(checks, name))) {
  console.error(`Usage: node tools/check-docs.mjs [${Object.keys(checks).join('] [')}]`);
  process.exit(2);
}
if (!existsSync(`${LIBRARY}/src/index.ts`)) {
  console.log(`${LIBRARY}/src/index.ts does not exist yet: nothing to check.`);
  process.exit(0);
}

const problems = [];
const pages = new Map();
for (const path of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdownBelow('docs')]) {
  if (existsSync(path)) pages.set(path, readPage(path));
  else problems.push(`${path} is missing`);
}
for (const name of chosen) await checks[name]();
for (const problem of problems) console.log(problem);
process.exit(problems.length > 0 ? 1 : 0);

function checkLinks() {
  for (const page of pages.values()) {
    for (const { target, line } of linksOf(page)) {
      if (/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) continue;
      const [file, anchor] = target.split('#');
      const path = file ? relative('.', resolve(dirname(page.path), decodeURI(file))) : page.path;
      const where = `${page.path}:${line}: ${target}`;
      if (path.startsWith('..') || file.startsWith('/')) problems.push(`${where} leads out of the repository`);
      else if (!existsSync(path || '.')) problems.push(`${where}: there is no ${path}`);
      else if (anchor && path.endsWith('.md') && !anchorsOf(pages.get(path) ?? readPage(path)).has(anchor)) {
        problems.push(`${where}: ${path} has no heading "#${anchor}"`);
      }
    }
  }
}

/**
 * Compiles each block whose fence says `ts check`, all in one run. Every block is a module of its own, unless
 * `file=name.ts` puts it beside the page's other files under that name. A comment that opens with `<!-- ts setup`
 * goes before every unnamed block of its page.
 */
async function checkCode() {
  rmSync(CODE_DIR, { recursive: true, force: true });
  const sources = new Map();
  for (const page of pages.values()) {
    for (const block of page.blocks) {
      const words = block.info.split(/\s+/);
      if (words[0] !== 'ts' || !words.includes('check')) continue;
      const name = words.find((word) => word.startsWith('file='))?.slice('file='.length);
      const path = join(CODE_DIR, page.path, name ?? `line-${block.start}.ts`);
      // Lines keep their number, so that a message of the compiler points into the page.
      const lines = sources.get(path)?.lines ?? [];
      if (!name) page.setup.forEach(({ line, index }) => (lines[index] = line));
      block.lines.forEach((line, index) => (lines[block.start + index] = line));
      sources.set(path, { page: page.path, lines });
    }
  }
  if (sources.size === 0) return;

  for (const [path, { lines }] of sources) {
    mkdirSync(dirname(path), { recursive: true });
    const text = Array.from(lines, (line) => line ?? '').join('\n');
    writeFileSync(path, `${text}\nexport {};\n`);
  }
  const config = {
    extends: '../tsconfig.base.json',
    compilerOptions: { composite: false, noEmit: true, noUnusedLocals: false, noUnusedParameters: false },
    files: [...sources.keys()].map((path) => relative(CODE_DIR, path)),
  };
  writeFileSync(join(CODE_DIR, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(CODE_DIR, 'package.json'), JSON.stringify({ type: 'module' }));
  const { status, output } = await run('node_modules/.bin/tsc', ['--pretty', 'false', '-p', CODE_DIR], {
    limit: 120_000,
  });
  if (status === 0) rmSync(CODE_DIR, { recursive: true, force: true });
  else problems.push(pointIntoPages(output, sources).trimEnd());
}

function pointIntoPages(output, sources) {
  return output.replace(/^(\S+?)\((\d+),(\d+)\)/gm, (whole, path, line, column) => {
    const source = sources.get(path);
    return source ? `${source.page}:${line}:${column}` : whole;
  });
}

/** Every error of the registry has a heading with its name and its code, and no heading names another. */
async function checkErrors() {
  const page = pages.get(ERRORS_PAGE);
  if (!page) {
    problems.push(`${ERRORS_PAGE} is missing`);
    return;
  }
  const built = resolve(LIBRARY, 'dist/protocol/errors.js');
  if (!existsSync(built)) {
    problems.push('The library is not built: npm run build');
    return;
  }
  const { ManagerError, managerErrors } = await import(pathToFileURL(built).href);
  const known = new Map(Object.entries(managerErrors).map(([name, type]) => [name, type.code]));
  const base = ManagerError.code;
  const documented = new Set();
  for (const { text, line } of headingsOf(page)) {
    const [code] = /\bERR_MANAGER[A-Z_]*/.exec(text) ?? [];
    if (!code || code === base) continue;
    const name = [...known.keys()].find((candidate) => new RegExp(`\\b${candidate}\\b`).test(text));
    if (name === undefined || known.get(name) !== code) {
      problems.push(`${ERRORS_PAGE}:${line}: "${text}" names no error of the registry by its class and code`);
    } else {
      documented.add(name);
    }
  }
  for (const [name, code] of known) {
    if (!documented.has(name)) problems.push(`${ERRORS_PAGE}: no heading with ${name} and ${code}`);
  }
}

/** The API page has a row for each export of the doors, the options page one for each option, with its default. */
async function checkNames() {
  const built = resolve(LIBRARY, 'dist/nest/options.js');
  if (!existsSync(built)) {
    problems.push('The library is not built: npm run build');
    return;
  }
  const exported = ['index.ts', 'testing/index.ts'].flatMap((door) => exportsOf(`${LIBRARY}/src/${door}`));
  const listed = tablesOf(pages.get(API_PAGE))
    .filter(({ head }) => head[0] === 'export')
    .flatMap(({ rows }) => rows.map(([cell]) => unquoted(cell)));
  compare(API_PAGE, listed, exported);

  const { checkOptions } = await import(pathToFileURL(built).href);
  const { DEFAULT_LIMITS } = await import(pathToFileURL(resolve(LIBRARY, 'dist/protocol/limits.js')).href);
  const declared = interfacesOf(`${LIBRARY}/src`);
  const tables = tablesOf(pages.get(OPTIONS_PAGE));
  for (const [heading, { interfaces, known }] of Object.entries(OPTION_TABLES)) {
    const table = tables.find((one) => one.heading === heading);
    const where = `${OPTIONS_PAGE}, ${heading}`;
    if (!table) {
      problems.push(`${where}: there is no table`);
      continue;
    }
    const options = new Map(interfaces.flatMap((name) => [...(declared.get(name) ?? [])]));
    const accepted = known ? acceptedBy(checkOptions, known) : [...options.keys()];
    const rows = new Map(table.rows.map(([name, standard]) => [unquoted(name), unquoted(standard)]));
    compare(where, [...rows.keys()], accepted);
    for (const [name, standard] of rows) {
      const expected = heading === 'Limits' ? String(DEFAULT_LIMITS[name]) : options.get(name);
      // A default in words may be put in other words.
      if (expected && /^(?:['[\d]|true|false)/.test(expected) && expected !== standard) {
        problems.push(`${where}: the default of ${name} is ${expected}, not ${standard}`);
      }
    }
  }
}

/**
 * Each row of a table with the column `test` names tests, as [file](path): `a part of its title`, and there they are.
 * A row may name none only where the cell before says "not there", and why: there is nothing to test.
 */
function checkTests() {
  for (const path of TESTED_PAGES) checkTestsOf(path);
}

function checkTestsOf(path) {
  const page = pages.get(path);
  const tables = page ? tablesOf(page).filter(({ head }) => head.at(-1) === 'test') : [];
  if (tables.length === 0) problems.push(`${path} has no table with the column "test"`);
  for (const { heading, rows } of tables) {
    for (const row of rows) {
      const where = `${path}, ${heading}, ${row[0]}`;
      const cell = row.at(-1);
      const named = [...cell.matchAll(/\[[^\]]+\]\(([^)]+)\): `([^`]+)`(?:<br>)?/g)];
      const rest = named.reduce((text, [one]) => text.replace(one, ''), cell).trim();
      const absent = cell === '' && /^not there[^:]*: \S/.test(row.at(-2));
      if (rest !== '') problems.push(`${where}: "${rest}" names no test`);
      else if (named.length === 0 && !absent) problems.push(`${where}: names no test`);
      for (const [, target, title] of named) {
        const file = join(dirname(path), target);
        if (!existsSync(file)) problems.push(`${where}: there is no ${file}`);
        else if (!testTitlesOf(file).some((one) => one.includes(title))) {
          problems.push(`${where}: ${file} has no test "${title}"`);
        }
      }
    }
  }
}

/** What `it` and `it.each(…)` of a file are given as titles. */
function testTitlesOf(path) {
  const titles = [];
  const visit = (node) => {
    if (ts.isCallExpression(node) && /^it\b/.test(node.expression.getText())) {
      const [title] = node.arguments;
      if (title && ts.isStringLiteralLike(title)) titles.push(title.text);
      else if (title && ts.isTemplateExpression(title)) titles.push(title.getText());
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(path));
  return titles;
}

function compare(where, listed, actual) {
  for (const name of actual) if (!listed.includes(name)) problems.push(`${where}: ${name} is missing`);
  listed.forEach((name, index) => {
    if (!actual.includes(name)) problems.push(`${where}: there is no ${name}`);
    else if (listed.indexOf(name) !== index) problems.push(`${where}: ${name} stands there twice`);
  });
}

function unquoted(cell) {
  return /^`(.*)`$/.exec(cell)?.[1] ?? cell;
}

/** The names that the bootstrap takes, as it says itself when it meets one that it does not. */
function acceptedBy(checkOptions, kind) {
  try {
    checkOptions(kind, { '': true });
  } catch (error) {
    return /It has: (.*)\.$/.exec(error.message)?.[1].split(', ') ?? [];
  }
  return [];
}

function exportsOf(path) {
  return parse(path)
    .statements.filter((statement) => ts.isExportDeclaration(statement) && statement.exportClause)
    .flatMap(({ exportClause }) => exportClause.elements.map(({ name }) => name.text));
}

/** Of each interface: its own properties, with the `@default` of each. */
function interfacesOf(folder) {
  const found = new Map();
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.ts') || name.includes('.spec.')) continue;
    for (const node of parse(join(folder, name)).statements.filter(ts.isInterfaceDeclaration)) {
      const members = node.members.filter(ts.isPropertySignature).map((member) => {
        const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default');
        return [member.name.text, tag && ts.getTextOfJSDocComment(tag.comment)];
      });
      found.set(node.name.text, new Map(members));
    }
  }
  return found;
}

function parse(path) {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
}
