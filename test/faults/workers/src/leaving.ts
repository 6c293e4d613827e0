// Applications that use shared objects to the very end. It imports packages only: the packed package plays it under Nest 11, too.
import {
  Inject,
  Injectable,
  Module,
  type DynamicModule,
  type INestApplicationContext,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  createManagerServer,
  getManagerToken,
  ManagerError,
  ManagerModule,
  ManagerServerModule,
  SharedType,
  type Manager,
  type MediumOptions,
  type SharedProxy,
} from 'nestjs-manager';

@SharedType()
export class Bell {
  #rung = 0;

  ring(): number {
    return ++this.#rung;
  }

  /** Rings when it is time. */
  later(ms: number): Promise<number> {
    return new Promise((resolve) => setTimeout(() => resolve(this.ring()), ms));
  }
}

export interface LeavingOptions {
  /** Of a server perhaps an address to listen at. */
  medium: MediumOptions & { listen?: string };
  /** Whether our module is seen by all, or imported where it is used. */
  global: boolean;
  /** The modules that call objects in their hooks; all of them where it is not said. */
  uses?: readonly string[];
  /** What the application does in its first hook, beside what it does in each. */
  first?: 'closes the manager';
  /** A server with these modules, in place of an application. */
  server?: { name: string; lease: number };
  /** Ms that a call in a hook may take. @default 10000 */
  timeout?: number;
  logger: false | ['error'];
}

/** Told what the calls of a hook came to: `answered`, or class and fate of the error. */
export type Note = (hook: string, outcome: string) => void;

const HOOKS = ['onModuleDestroy', 'beforeApplicationShutdown', 'onApplicationShutdown'] as const;

/** What an error says for a test: its class and fate. */
export function named(error: unknown): string {
  return error instanceof ManagerError ? `${error.name} ${error.fate}` : String(error);
}

/** A module whose provider calls shared objects in every hook that an end has. */
function usersModule(
  name: string,
  note: Note,
  { first, uses, timeout = 10_000 }: LeavingOptions,
  rest: DynamicModule,
): DynamicModule {
  @Injectable()
  class Leaver {
    readonly #bell: SharedProxy<Bell>;

    constructor(@Inject(getManagerToken()) readonly manager: Manager) {
      this.#bell = manager.named('the bell').lazy(Bell);
    }

    async use(hook: string): Promise<void> {
      const { manager } = this;
      if (uses && !uses.includes(name)) return;
      try {
        await manager.with(this.#bell, { timeout }).ring();
        await using own = await manager.create(Bell);
        await own.ring();
        note(`${hook} ${name}`, 'answered');
      } catch (error) {
        note(`${hook} ${name}`, named(error));
      }
      if (first === 'closes the manager' && hook === HOOKS[0]) await manager.close();
      // Giving back never throws, whatever is over.
      if (hook === HOOKS[2]) await manager.release(this.#bell);
    }
  }
  for (const hook of HOOKS) {
    Object.defineProperty(Leaver.prototype, hook, {
      value(this: Leaver): Promise<void> {
        return this.use(hook);
      },
    });
  }
  return { ...rest, providers: [Leaver], exports: [Leaver] };
}

/** An application, or a server, of modules on all sides of ours. */
export async function startLeaving(options: LeavingOptions, note: Note): Promise<INestApplicationContext> {
  const { medium, global: isGlobal, server, logger } = options;
  const ours = server
    ? ManagerServerModule.forRoot({ ...medium, ...server, isGlobal, types: [Bell] })
    : ManagerModule.forRoot({ ...medium, isGlobal });
  const of = (name: string, more: Partial<DynamicModule> = {}): DynamicModule => {
    class UsersModule {}
    Module({})(UsersModule);
    const imports = [...(isGlobal ? [] : [ours]), ...(more.imports ?? [])];
    return usersModule(name, note, options, { module: UsersModule, ...more, imports });
  };
  const deep = of('deep below');
  const root = of('in the root', {
    imports: [
      of('global, before', { global: true }),
      of('before'),
      ours,
      of('after', { imports: [of('below', { imports: [deep] })] }),
      of('global, after', { global: true }),
    ],
  });
  const app = server
    ? await createManagerServer(root as unknown as Type<unknown>, { logger })
    : await NestFactory.createApplicationContext(root, { logger });
  if (server) await (app as Awaited<ReturnType<typeof createManagerServer>>).listen();
  return app;
}
