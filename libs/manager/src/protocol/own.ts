/** Makes an own property, whatever the name: assigning `__proto__` would change what the object inherits. */
export function defineOwn(object: object, key: PropertyKey, value: unknown, enumerable = true): void {
  Object.defineProperty(object, key, { value, enumerable, configurable: true, writable: true });
}

/** As `defineOwn`, quickly, for an object that inherits from `Object.prototype` alone. */
export function assignOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') defineOwn(object, key, value);
  else object[key] = value;
}
