import type { DynamicModule, ForwardReference, Type } from '@nestjs/common';
import { ConfigurationError } from '../protocol/index.js';
import { ManagerServerModule } from './manager-server.module.js';

type Imported = Type<unknown> | DynamicModule | Promise<DynamicModule> | ForwardReference | undefined;

/**
 * What hosts the types of `given`: itself where it imports `ManagerServerModule.forRoot()`, else a module that does, and
 * imports it. `source` is where it comes from, for messages.
 */
export async function hostingModule(given: unknown, source: string): Promise<Type<unknown>> {
  if (!isModule(given)) {
    throw new ConfigurationError(
      `The default export of ${source} is no Nest module: a class with @Module(), or what a forRoot() gives.`,
    );
  }
  const hosting = await hosts(given, new Set());
  if (hosting && typeof given === 'function') return given;
  const imports = hosting ? [given] : [given, ManagerServerModule.forRoot()];
  class HostingModule {}
  Reflect.defineMetadata('imports', imports, HostingModule);
  return HostingModule;
}

/** Whether the module, or one that it imports, is `ManagerServerModule.forRoot()`. */
async function hosts(given: Imported, seen: Set<unknown>): Promise<boolean> {
  const imported = await given;
  if (!imported || seen.has(imported)) return false;
  seen.add(imported);
  if ('forwardRef' in imported) return hosts(imported.forwardRef() as Imported, seen);
  const dynamic = 'module' in imported ? imported : undefined;
  const type = dynamic?.module ?? (imported as Type<unknown>);
  // What `forFeature` gives has no exports.
  if (type === ManagerServerModule && dynamic?.exports) return true;
  const imports = [
    ...((Reflect.getMetadata('imports', type) as Imported[] | undefined) ?? []),
    ...(dynamic?.imports ?? []),
  ];
  for (const each of imports) if (await hosts(each as Imported, seen)) return true;
  return false;
}

function isModule(value: unknown): value is Type<unknown> | DynamicModule {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && 'module' in value && typeof value.module === 'function';
}
