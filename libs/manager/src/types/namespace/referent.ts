import { client, holdWithin, isProxy, releaseWithin, SharedType } from '../../definition/index.js';
import { KeyNotFoundError } from '../../protocol/index.js';
import { shown } from '../support/shown.js';
import { holdEach } from '../support/hold-each.js';
import type { FieldOf, FieldValue, NamespaceClient } from './client.js';

/**
 * Named fields. A name is any string; names that mean something to JavaScript, such as `__proto__`, are names like others.
 *
 * @example
 * ```ts
 * const settings = await manager.create(Namespace<{ limit: number }>, { limit: 10 });
 * await settings.get('limit'); // 10
 * ```
 */
@SharedType({ typeid: 'namespace' })
export class Namespace<T extends object = Record<string, unknown>> {
  declare readonly [client]?: NamespaceClient<T>;
  readonly #fields = new Map<string, unknown>();

  /**
   * @param fields a plain object; its own fields are the first ones
   * @throws TypeError for anything else
   */
  constructor(fields?: T) {
    if (fields === undefined) return;
    checkFields(fields);
    const names = Object.keys(fields);
    const values = holdEach(Object.values(fields), this);
    names.forEach((name, index) => this.#fields.set(name, values[index]));
  }

  get<K extends FieldOf<T>>(field: K): FieldValue<T, K> {
    this.#expect(field, 'get');
    return this.#fields.get(field) as FieldValue<T, K>;
  }

  set<K extends FieldOf<T>>(field: K, value: FieldValue<T, K>): void {
    checkName(field, 'set');
    const before = this.#fields.get(field);
    this.#fields.set(field, holdWithin(value, this));
    releaseWithin(before);
  }

  delete(field: FieldOf<T>): void {
    this.#expect(field, 'delete');
    const before = this.#fields.get(field);
    this.#fields.delete(field);
    releaseWithin(before);
  }

  has(field: FieldOf<T>): boolean {
    return this.#fields.has(checkName(field, 'has'));
  }

  keys(): FieldOf<T>[] {
    return [...this.#fields.keys()] as FieldOf<T>[];
  }

  toCopy(): T {
    // Makes own properties, whatever their names.
    return Object.fromEntries(this.#fields) as T;
  }

  #expect(field: unknown, member: string): void {
    if (this.#fields.has(checkName(field, member))) return;
    throw new KeyNotFoundError(`The namespace has no field ${shown(field)}, so ${member}() found nothing.`);
  }
}

function checkName(field: unknown, member: string): string {
  if (typeof field === 'string') return field;
  throw new TypeError(`${member}() takes the name of a field, a string, got ${shown(field)}.`);
}

function checkFields(fields: unknown): void {
  if (typeof fields === 'object' && fields !== null && !isProxy(fields)) {
    const prototype: unknown = Object.getPrototypeOf(fields);
    // Data of another realm has another prototype, which inherits from nothing either.
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return;
  }
  throw new TypeError(`A namespace is made of the fields of a plain object, got ${shown(fields)}.`);
}
