/**
 * State that every copy of this package in the process has in common.
 *
 * A monorepo easily ends up with two installed copies: one that the application's types import, and one that the server
 * runs. Kept in module variables, what the first copy's decorator wrote would be invisible to the second one's server.
 *
 * `name` carries a version of the state's shape: copies that disagree about the shape must not share it.
 */
export function globalState<S extends object>(name: string, make: () => S): S {
  const key = Symbol.for(`nestjs-manager.${name}`);
  const holder = globalThis as unknown as Record<symbol, S | undefined>;
  let state = holder[key];
  if (state === undefined) {
    state = make();
    Object.defineProperty(globalThis, key, { value: state });
  }
  return state;
}
