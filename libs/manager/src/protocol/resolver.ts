import { ProtocolError } from './errors.js';
import type { ReferenceScope, WireReference } from './reference.js';

/** Resolves the references of one message after the other; each grant of an object once per message. */
export class Resolver {
  scope: ReferenceScope | undefined;
  private resolved: Map<string, unknown> | undefined;
  private failure: { error: unknown } | undefined;

  resolve(reference: WireReference): unknown {
    if (this.scope === undefined) throw new ProtocolError('A reference in a header');
    // By grant too: a second grant of the same object must be seen, or it could never be given back.
    const key = reference.ticket ?? `${reference.id}:${reference.grant}`;
    if (this.resolved?.has(key)) return this.resolved.get(key);
    let value: unknown;
    try {
      value = this.scope.fromWire(reference);
    } catch (error) {
      // The bytes are sound, and so are the messages behind this one.
      this.failure ??= { error };
    }
    (this.resolved ??= new Map()).set(key, value);
    return value;
  }

  next(): { error: unknown } | undefined {
    const failure = this.failure;
    this.failure = undefined;
    this.resolved = undefined;
    return failure;
  }
}
