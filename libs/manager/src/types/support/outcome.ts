/** What came of something: a value, or what was thrown. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Throws what was thrown. */
export function resultOf(outcome: Outcome): unknown {
  if ('value' in outcome) return outcome.value;
  throw outcome.error;
}
