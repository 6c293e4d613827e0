import type { DynamicModule, Type } from '@nestjs/common';
import type { AuthKey } from '../link/index.js';
import type { ManagerServerModuleOptions } from './options.js';

/** What whoever starts a server decides, whatever its module says. */
export interface ServerOverrides {
  readonly listen?: string;
  readonly name?: string;
  readonly authkey?: AuthKey;
}

export const OVERRIDES = 'NestjsManagerServer:overrides';

/** `module`, with what its server is told. A class of its own each time, since Nest keeps what it knows by class. */
export function overridden(module: Type<unknown>, overrides: ServerOverrides): Type<unknown> {
  class Told {}
  class Root {}
  const told: DynamicModule = {
    module: Told,
    global: true,
    providers: [{ provide: OVERRIDES, useValue: overrides }],
    exports: [OVERRIDES],
  };
  Reflect.defineMetadata('imports', [told, module], Root);
  return Root;
}

/** An address to listen at takes the place of any other medium. */
export function applied(
  options: ManagerServerModuleOptions,
  { listen, ...rest }: ServerOverrides = {},
): ManagerServerModuleOptions {
  if (listen === undefined) return { ...options, ...rest };
  const { redis: _redis, transport: _transport, ...others } = options;
  return { ...others, ...rest, listen };
}
