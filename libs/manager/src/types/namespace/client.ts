/** The names of the fields of `T`. */
export type FieldOf<T> = keyof T & string;
/** What the field `K` has when it is there: `get` of one that is not there is an error. */
export type FieldValue<T, K extends FieldOf<T>> = Required<T>[K];

/**
 * Named fields that several applications read and write: the proxy of a `Namespace<T>`, typed by `T`.
 *
 * What is read is a copy. Changing it changes nothing until it is put back with `set`.
 *
 * @example
 * ```ts
 * const settings = await manager.named('settings').namespace({ limit: 10, owner: 'ops' });
 * const limit: number = await settings.get('limit');
 * ```
 */
export interface NamespaceClient<T extends object> {
  /**
   * A copy of what the field has.
   *
   * @throws KeyNotFoundError where there is no such field.
   */
  get<K extends FieldOf<T>>(field: K): Promise<FieldValue<T, K>>;
  /** Gives the field a copy of `value`, and makes the field where there is none. Proxies in it are held for as long. */
  set<K extends FieldOf<T>>(field: K, value: FieldValue<T, K>): Promise<void>;
  /**
   * Takes the field away.
   *
   * @throws KeyNotFoundError where there is no such field.
   */
  delete(field: FieldOf<T>): Promise<void>;
  /** Whether there is such a field, be its value `undefined`. */
  has(field: FieldOf<T>): Promise<boolean>;
  /** The names of the fields, in the order in which they were made. */
  keys(): Promise<FieldOf<T>[]>;
  /** What `manager.copyOf()` gives: a plain object with all fields, read in one step. */
  toCopy(): Promise<T>;
}
