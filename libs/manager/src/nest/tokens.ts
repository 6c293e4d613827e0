import { Inject } from '@nestjs/common';
import { typeidOf, type TypeRef } from '../definition/index.js';

/**
 * Injection token of the manager that `ManagerModule.forRoot({ name })` provides; of the default one without a name.
 *
 * @example
 * ```ts
 * Test.createTestingModule({ imports: [AppModule] }).overrideProvider(getManagerToken()).useValue(manager);
 * ```
 */
export function getManagerToken(name?: string): string {
  return name === undefined ? 'NestjsManager' : `NestjsManager:${name}`;
}

/**
 * Injection token of the proxy that `ManagerModule.forFeature([{ type, name }], manager)` provides.
 *
 * @example
 * ```ts
 * module.overrideProvider(getSharedToken(VisitCounter, 'visits')).useValue({ increment: async () => 1 });
 * ```
 */
export function getSharedToken(type: TypeRef, name: string, manager?: string): string {
  return `${getManagerToken(manager)}:${typeidOf(type)}:${name}`;
}

/**
 * Injects the application's `Manager`: the default one, or the one of this name. Inside a manager server, that server's own.
 *
 * @example
 * ```ts
 * constructor(@InjectManager() private readonly manager: Manager) {}
 * ```
 */
export function InjectManager(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getManagerToken(name));
}

/**
 * Injects the proxy of a named object that `ManagerModule.forFeature` declared. It can be injected before any server is
 * there: calls wait for one, up to their timeout.
 *
 * @example
 * ```ts
 * constructor(@InjectShared(VisitCounter, 'visits') private readonly visits: SharedProxy<VisitCounter>) {}
 * ```
 */
export function InjectShared(type: TypeRef, name: string, manager?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getSharedToken(type, name, manager));
}
