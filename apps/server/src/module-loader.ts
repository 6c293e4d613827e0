import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DynamicModule, Type } from '@nestjs/common';

/** A class with `@Module()`, or what a `forRoot()` gives. */
export type NestModule = Type<unknown> | DynamicModule;

/** Everything that could not be loaded, a whole sentence for each. */
export class ModuleLoadError extends Error {
  override readonly name = 'ModuleLoadError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** What `@Module()` writes on a class. */
const METADATA = ['imports', 'providers', 'controllers', 'exports'];
/** Names of exports that a message lists. */
const SHOWN = 8;

/**
 * Loads the Nest modules that were named, in that order. Paths and packages are looked up from `directory`.
 *
 * @throws ModuleLoadError that names everything that is no module, or cannot be loaded.
 */
export async function loadModules(specifiers: readonly string[], directory: string): Promise<NestModule[]> {
  // All are tried, so that all that is wrong is said at once.
  const outcomes = await Promise.allSettled(specifiers.map((specifier) => loadModule(specifier, directory)));
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
  if (failed.length > 0) throw new ModuleLoadError(failed.map(({ reason }) => (reason as Error).message));
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

async function loadModule(specifier: string, directory: string): Promise<NestModule> {
  const [source, name] = splitName(specifier);
  let exported: Record<string, unknown>;
  try {
    exported = (await import(locate(source, directory))) as Record<string, unknown>;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`"${specifier}" cannot be loaded: ${text}${hint(source, text)}`, { cause: error });
  }
  return choose(specifier, exported, name);
}

/** The last `#` that an identifier follows: a `#` may also belong to a path. */
function splitName(specifier: string): [string, string?] {
  const at = specifier.lastIndexOf('#');
  const name = specifier.slice(at + 1);
  return at > 0 && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? [specifier.slice(0, at), name] : [specifier];
}

/** What `import()` takes. */
function locate(source: string, directory: string): string {
  if (source.startsWith('file:')) return source;
  if (isAbsolute(source) || /^\.\.?[\\/]/.test(source)) return pathToFileURL(resolve(directory, source)).href;
  try {
    return pathToFileURL(createRequire(join(directory, 'package.json')).resolve(source)).href;
  } catch {
    // Not installed there, or a package that has no entry for `require`: from here on it is Node's to find, or to say why not.
    return source;
  }
}

function hint(source: string, text: string): string {
  if (/\.[cm]?tsx?$/.test(source)) return ' Name the compiled JavaScript file.';
  return /^[^.]*[\\/]/.test(source) && text.includes('Cannot find package')
    ? ' A path begins with "./", "../" or "/".'
    : '';
}

function choose(specifier: string, exported: Record<string, unknown>, name: string | undefined): NestModule {
  const names = Object.keys(exported).sort();
  if (name !== undefined) {
    const chosen = exported[name];
    if (isNestModule(chosen)) return chosen;
    throw new Error(
      names.includes(name)
        ? `"${specifier}" is no Nest module: ${name} has no @Module().`
        : `"${specifier}" is not there. ${exportsOf(names)}`,
    );
  }
  if (isNestModule(exported['default'])) return exported['default'];
  const modules = names.filter((key) => isNestModule(exported[key]));
  const [only, ...others] = modules;
  if (only === undefined) throw new Error(`"${specifier}" exports no Nest module. ${exportsOf(names)}`);
  if (others.length > 0) {
    throw new Error(
      `"${specifier}" exports several Nest modules: add ${modules.map((key) => `#${key}`).join(' or ')}.`,
    );
  }
  return exported[only] as NestModule;
}

function exportsOf(names: readonly string[]): string {
  if (names.length === 0) return 'It exports nothing.';
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return `It exports ${names.slice(0, SHOWN).join(', ')}${more}.`;
}

function isNestModule(value: unknown): value is NestModule {
  if (typeof value === 'function') return METADATA.some((key) => Reflect.hasOwnMetadata(key, value));
  if (typeof value !== 'object' || value === null) return false;
  // The class of a dynamic module may have an empty @Module({}), which leaves no trace.
  return 'module' in value && typeof value.module === 'function';
}
