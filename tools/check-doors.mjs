// The doors of the package: explicit named exports only, each documented, and the built package gives what they name.
import { existsSync } from 'node:fs';
import ts from 'typescript';

const doors = [
  { source: 'libs/manager/src/index.ts', name: 'nestjs-manager' },
  { source: 'libs/manager/src/testing/index.ts', name: 'nestjs-manager/testing' },
];

if (!existsSync(doors[0].source)) {
  console.log(`${doors[0].source} does not exist yet: nothing to check.`);
  process.exit(0);
}

const problems = [];
const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile('libs/manager/tsconfig.lib.json', ts.sys.readFile).config,
  ts.sys,
  'libs/manager',
);
const program = ts.createProgram(
  doors.map(({ source }) => source),
  { ...options, noEmit: true },
);
const checker = program.getTypeChecker();
const owners = new Map();

for (const { source, name } of doors) {
  const file = program.getSourceFile(source);
  const symbol = file && checker.getSymbolAtLocation(file);
  if (!symbol) {
    problems.push(`${source}: is missing, or exports nothing`);
    continue;
  }
  for (const statement of file.statements) {
    if (ts.isExportDeclaration(statement) && !(statement.exportClause && ts.isNamedExports(statement.exportClause))) {
      problems.push(`${at(statement)}: a door names what it exports, no "export *"`);
    }
  }
  const values = [];
  for (const exported of checker.getExportsOfModule(symbol)) {
    const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (target.flags & ts.SymbolFlags.Value && !isTypeOnly(exported)) values.push(exported.name);
    if (owners.has(target)) problems.push(`${exported.name} is exported twice: ${owners.get(target)}, ${name}`);
    owners.set(target, name);
    if (!isDocumented(exported) && !isDocumented(target)) {
      problems.push(`${at(target.declarations?.[0])}: ${exported.name}, exported by ${name}, has no JSDoc comment`);
    }
  }
  await compareWithBuilt(name, values);
}

for (const problem of problems) console.log(problem);
process.exit(problems.length > 0 ? 1 : 0);

function isDocumented(symbol) {
  if (symbol.getDocumentationComment(checker).length > 0) return true;
  return (symbol.declarations ?? []).some((declaration) => ts.getJSDocCommentsAndTags(declaration).length > 0);
}

function isTypeOnly(symbol) {
  return (symbol.declarations ?? []).some((declaration) => ts.isTypeOnlyImportOrExportDeclaration(declaration));
}

function at(node) {
  if (!node) return 'unknown place';
  const file = node.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(node.getStart());
  return `${file.fileName.replace(`${process.cwd()}/`, '')}:${line + 1}`;
}

/** What compiles may still not load: the built door is imported by its name. */
async function compareWithBuilt(name, values) {
  let built;
  try {
    built = Object.keys(await import(name));
  } catch (error) {
    problems.push(`${name} cannot be imported: ${error.message}`);
    return;
  }
  const absent = values.filter((value) => !built.includes(value));
  const extra = built.filter((value) => !values.includes(value));
  if (absent.length > 0) problems.push(`${name}, as built, lacks ${absent.join(', ')}`);
  if (extra.length > 0) problems.push(`${name}, as built, also has ${extra.join(', ')}`);
}
