/** A start of a server: its name, its generation, and bits that tell it from any other of that number. */
export interface ServerIdentity {
  readonly name: string;
  readonly generation: number;
  readonly nonce: string;
}

/** How an identity stands in a claim. */
export function claimValue(identity: ServerIdentity): string {
  return `${identity.generation}:${identity.nonce}:${identity.name}`;
}

export function parseClaim(value: string): ServerIdentity | undefined {
  const [, generation, nonce, name] = /^(\d{1,15}):([\w-]{1,64}):(.+)$/s.exec(value) ?? [];
  return generation && nonce && name ? { generation: Number(generation), nonce, name } : undefined;
}

/**
 * What the claim that stands on a server's name says of the start that has made `claim`. Only a newer generation has
 * superseded it: a medium that lost its last writes may have the claim of an older one again, and that one is over.
 */
export function stateOfClaim(found: string | null, claim: string): 'alive' | 'superseded' | 'absent' {
  if (found === claim) return 'alive';
  const newest = found === null ? undefined : parseClaim(found);
  const mine = parseClaim(claim);
  return newest && mine && newest.generation > mine.generation ? 'superseded' : 'absent';
}
