/**
 * Key under which a class declares its client view: what applications see instead of the view that `SharedProxy<T>` makes.
 * Needed where a mapped type loses something: overloads, type parameters of methods or of the class, iteration, members
 * that run in the application. It is a declaration only and leaves nothing behind at run time.
 *
 * @example
 * ```ts
 * interface StackClient<T> {
 *   push(item: T): Promise<number>;
 *   pop(): Promise<T | undefined>;
 * }
 *
 * @SharedType()
 * class Stack<T> {
 *   declare readonly [client]?: StackClient<T>;
 *   push(item: T): number { ... }
 *   pop(): T | undefined { ... }
 * }
 *
 * const jobs = await manager.create(Stack<Job>); // SharedProxy<Stack<Job>>: StackClient<Job>
 * ```
 */
export const client: unique symbol = Symbol.for('nestjs-manager.client');
