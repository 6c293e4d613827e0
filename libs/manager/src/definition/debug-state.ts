/**
 * Key of a method that tells what is worth knowing of an object's state: plain data, shown as `state` in
 * `manager.debugInfo()`.
 *
 * @example
 * ```ts
 * [debugState](): Record<string, unknown> {
 *   return { owner: this.#owner, waiting: this.#line.length };
 * }
 * ```
 */
export const debugState: unique symbol = Symbol.for('nestjs-manager.debugState');
