import { claimValue, ConfigurationError, parseClaim, ServerClosingError, stateOfClaim } from '../protocol/index.js';
import type { KeepOption, ServerIdentity } from '../protocol/index.js';
import { Absence } from '../link/index.js';
import type { ClaimKey, Claims } from '../transport/index.js';
import type { TypeDefinition } from '../definition/index.js';
import type { Holder, HostedObject, ObjectTable } from './object-table.js';

/** A name that another server owns. */
export interface Elsewhere {
  server: string;
  generation: number;
}

class NameHold implements Holder {
  readonly kind = 'name';
  readonly since = Date.now();
  timer: NodeJS.Timeout | undefined;
  /** It holds only what others hold: from the start, or once its time alone is over. */
  weak: boolean;

  constructor(
    readonly name: string,
    readonly keep: KeepOption,
    /** The object was in a dead cycle. */
    readonly onGone: () => void,
  ) {
    this.weak = keep === 'referenced';
  }

  describe(): Record<string, unknown> {
    return { name: this.name, keep: this.keep };
  }
}

interface Entry {
  readonly key: ClaimKey;
  readonly typeid: string;
  readonly name: string;
  /** Of the caller on whose behalf it is claimed and made. */
  readonly asker: AbortSignal;
  /** The object, or where the name is instead; shared by all who ask while it is being made. */
  ready: Promise<HostedObject | Elsewhere>;
  /** The claim stands in the medium, as far as is known. */
  claimed?: boolean;
  /** What stood in its place at the last renewal, and may be a dead server's. */
  dispute: Dispute;
  object?: HostedObject;
  hold?: NameHold;
  /** Set while the claim is being given back: who asks meanwhile begins anew after it. */
  leaving?: Promise<void>;
}

/** A claim whose owner's lease is not there: dead, or about to assert itself again. It has one more lease to do so. */
interface Dispute {
  absent?: { value: string; absence: Absence };
}

export interface NamesOptions {
  table: ObjectTable;
  claims: Claims;
  /** Milliseconds. */
  lease: number;
  identity: () => ServerIdentity;
}

/**
 * The names this server owns. A name belongs to a typeid, and its claim stands in the medium before the constructor
 * runs: so however many servers and callers race for it, one constructor runs.
 */
export class Names {
  readonly #options: NamesOptions;
  readonly #entries = new Map<string, Entry>();
  #closed = false;

  constructor(options: NamesOptions) {
    this.#options = options;
  }

  /**
   * The object of this name, made by `make` where there is none. Errors of `make` reach everybody who waits for it.
   * `pin` is called with it in the very step in which it was seen to be alive: a release may be handled in the next one.
   */
  async get(
    type: TypeDefinition,
    name: string,
    keep: KeepOption,
    make: () => unknown,
    signal: AbortSignal,
    pin: (object: HostedObject) => void,
  ): Promise<HostedObject | Elsewhere> {
    const id = `${type.typeid}\0${name}`;
    for (;;) {
      const found = this.#entries.get(id);
      if (found?.leaving) {
        await found.leaving;
        continue;
      }
      if (!found && this.#closed) throw new ServerClosingError('The server is closing.', { fate: 'not-executed' });
      const entry: Entry = found ?? {
        key: nameKey(type.typeid, name),
        typeid: type.typeid,
        name,
        asker: signal,
        dispute: {},
        ready: Promise.resolve({ server: '', generation: 0 }),
      };
      if (!found) {
        this.#entries.set(id, entry);
        entry.ready = this.#make(id, entry, type, keep, make, signal);
      }
      let object: HostedObject | Elsewhere;
      try {
        object = await entry.ready;
      } catch (error) {
        // The one who asked first has left. This one has not.
        if (found?.asker.aborted && !signal.aborted) continue;
        throw error;
      }
      if (!('instance' in object)) return object;
      if (object.freed && !entry.leaving) void this.#remove(id, entry);
      if (object.freed || entry.leaving) continue;
      pin(object);
      return object;
    }
  }

  find(typeid: string, name: string): HostedObject | undefined {
    const entry = this.#entries.get(`${typeid}\0${name}`);
    return entry?.leaving || entry?.object?.freed ? undefined : entry?.object;
  }

  /** The object of this name, or where it is; undefined where it is nowhere. Other than `get` it claims and makes nothing. */
  async locate(
    typeid: string,
    name: string,
    pin: (object: HostedObject) => void,
  ): Promise<HostedObject | Elsewhere | undefined> {
    const entry = this.#entries.get(`${typeid}\0${name}`);
    if (entry && !entry.leaving) {
      // Where its constructor throws, there is nothing; those who asked for it hear of the error.
      const found = await entry.ready.catch(() => undefined);
      if (found && !('instance' in found)) return found;
      if (found && !found.freed && !entry.leaving) {
        pin(found);
        return found;
      }
    }
    await entry?.leaving;
    const current = await this.#options.claims.read(nameKey(typeid, name));
    const owner = current && parseClaim(current.value);
    // A claim of our own that nothing stands for is one that could not be given back yet.
    if (!owner || owner.name === this.#options.identity().name || !(await this.#alive(owner))) return undefined;
    return { server: owner.name, generation: owner.generation };
  }

  /** Takes the name away; the object stays while it is held otherwise. Where it is instead, or false where it is nowhere. */
  async unlink(typeid: string, name: string): Promise<boolean | Elsewhere> {
    const id = `${typeid}\0${name}`;
    const entry = this.#entries.get(id);
    if (entry && !entry.leaving) {
      // Where its constructor throws, there was nothing to unlink; those who asked for it hear of the error.
      await entry.ready.catch(() => undefined);
      if (entry.object) {
        await this.#remove(id, entry);
        return true;
      }
    }
    await entry?.leaving;
    const current = await this.#options.claims.read(nameKey(typeid, name));
    const owner = current && parseClaim(current.value);
    if (!owner || !(await this.#alive(owner))) return false;
    return { server: owner.name, generation: owner.generation };
  }

  /** Somebody let go of a named object: if only its name is left, `keep` says how long that suffices. */
  letGo(object: HostedObject): void {
    if (object.name === undefined || object.calls > 0) return;
    // Asked after every call, when most are held by a session besides.
    if (object.holders.size - object.owned > 1) return;
    const id = `${object.type.typeid}\0${object.name}`;
    const entry = this.#entries.get(id);
    const hold = entry?.hold;
    if (!entry || !hold || hold.keep === 'always' || !leftTo(hold, object)) return;
    if (hold.keep === 'referenced') {
      if (object.holders.size === 1) void this.#remove(id, entry);
      return;
    }
    clearTimeout(hold.timer);
    hold.timer = setTimeout(() => this.#idle(id, entry, object, hold), hold.keep.idle);
    hold.timer.unref();
    if (hold.weak) this.#options.table.transfer(object, hold, () => (hold.weak = false));
  }

  /** Its time is over: objects that hold it may still keep it, if somebody holds them. */
  #idle(id: string, entry: Entry, object: HostedObject, hold: NameHold): void {
    if (object.calls > 0 || !leftTo(hold, object)) return;
    if (object.holders.size === 1) void this.#remove(id, entry);
    else if (!hold.weak) this.#options.table.weaken(object, () => (hold.weak = true));
  }

  /**
   * Pushes the claims' end out; takes again those that the medium lost. `onLost` is told, as soon as that is known, of objects
   * whose names another server took meanwhile: they are no longer what the name means. Answers whether all is settled: a
   * claim whose owner may be dead or alive is looked at again with the next renewal.
   */
  async renew(onLost: (object: HostedObject) => void): Promise<boolean> {
    const { claims } = this.#options;
    const mine = claimValue(this.#options.identity());
    const owned = [...this.#entries].filter(([, entry]) => entry.claimed && !entry.leaving);
    if (owned.length === 0) return true;
    const missing = await claims.renew(
      owned.map(([, entry]) => entry.key),
      mine,
      this.#ttl,
    );
    let settled = true;
    for (const key of missing) {
      const [id, entry] = owned.find(([, candidate]) => candidate.key.tag === key.tag) ?? [];
      if (!id || !entry || entry.leaving) continue;
      const outcome = await this.#contend(key, mine, entry.dispute);
      if (outcome === 'disputed') settled = false;
      if (typeof outcome === 'string' || entry.leaving) continue;
      // One that is still being made is not hosted under a name that is another's by now.
      entry.claimed = false;
      if (!entry.object) continue;
      this.#forget(id, entry);
      onLost(entry.object);
    }
    return settled;
  }

  /** Gives every claim back. */
  async close(): Promise<void> {
    this.#closed = true;
    const mine = claimValue(this.#options.identity());
    await Promise.allSettled(
      [...this.#entries].map(async ([id, entry]) => {
        await entry.leaving;
        this.#forget(id, entry);
        await this.#options.claims.compareAndSet(entry.key, mine, null, 0);
      }),
    );
  }

  get #ttl(): number {
    return Math.max(this.#options.lease * 10, 60_000);
  }

  async #make(
    id: string,
    entry: Entry,
    type: TypeDefinition,
    keep: KeepOption,
    make: () => unknown,
    signal: AbortSignal,
  ): Promise<HostedObject | Elsewhere> {
    const { claims, table } = this.#options;
    const mine = claimValue(this.#options.identity());
    const claim = async (): Promise<Elsewhere | undefined> => {
      try {
        const elsewhere = await this.#claim(entry.key, mine, signal);
        if (elsewhere) this.#entries.delete(id);
        else entry.claimed = true;
        return elsewhere;
      } catch (error) {
        this.#entries.delete(id);
        throw error;
      }
    };
    const elsewhere = await claim();
    if (elsewhere) return elsewhere;
    let object: HostedObject;
    try {
      const instance = instanceOf(await make(), type);
      if (!entry.claimed) {
        const taken = await claim();
        if (taken) return taken;
      }
      object = table.host(type, instance);
      if (object.name !== undefined && object.name !== entry.name) {
        throw new ConfigurationError(
          `The factory of ${type.typeid} gave an instance for the name "${entry.name}" that is named "${object.name}" already.`,
          { typeid: type.typeid, objectName: entry.name },
        );
      }
    } catch (error) {
      // The claim goes before anybody hears of the error, so that whoever asks again is not sent here.
      entry.leaving = claims.compareAndSet(entry.key, mine, null, 0).then(
        () => undefined,
        () => undefined,
      );
      await entry.leaving;
      this.#entries.delete(id);
      throw error;
    }
    entry.object = object;
    entry.hold = new NameHold(entry.name, keep, () => void this.#remove(id, entry));
    object.name = entry.name;
    table.hold(object, entry.hold);
    return object;
  }

  /** Claims the name, replacing the claim of a dead generation; answers who has it where that one lives. */
  async #claim(key: ClaimKey, mine: string, signal: AbortSignal): Promise<Elsewhere | undefined> {
    const dispute: Dispute = {};
    for (;;) {
      signal.throwIfAborted();
      const outcome = await this.#contend(key, mine, dispute);
      if (outcome === 'ours') return undefined;
      if (outcome !== 'disputed') return outcome;
      await new Promise((resolve) => setTimeout(resolve, Math.min(this.#options.lease / 6, 500)));
    }
  }

  /** Takes the name, from a dead generation too; answers who has it where that one lives, or that nobody can tell yet. */
  async #contend(key: ClaimKey, mine: string, dispute: Dispute): Promise<'ours' | 'disputed' | Elsewhere> {
    const { claims, lease } = this.#options;
    let expected: string | null = null;
    for (;;) {
      const outcome = await claims.compareAndSet(key, expected, mine, this.#ttl);
      const current = outcome.current?.value;
      if (outcome.done || current === mine) return 'ours';
      expected = null;
      if (current === undefined) continue;
      const owner = parseClaim(current);
      const state = owner ? await this.#stateOf(owner) : 'superseded';
      if (owner && state === 'alive') return { server: owner.name, generation: owner.generation };
      if (state === 'absent') {
        if (dispute.absent?.value !== current) dispute.absent = { value: current, absence: new Absence(lease) };
        if (!dispute.absent.absence.seen()) return 'disputed';
      }
      expected = current;
    }
  }

  async #alive(owner: ServerIdentity): Promise<boolean> {
    return (await this.#stateOf(owner)) === 'alive';
  }

  async #stateOf(owner: ServerIdentity): Promise<'alive' | 'superseded' | 'absent'> {
    const me = this.#options.identity();
    if (owner.name === me.name) return owner.generation < me.generation ? 'superseded' : 'alive';
    const entry = await this.#options.claims.read({ kind: 'server', tag: owner.name });
    return stateOfClaim(entry?.value ?? null, claimValue(owner));
  }

  async #remove(id: string, entry: Entry): Promise<void> {
    if (entry.leaving || !entry.object) return entry.leaving;
    const { claims, table, identity } = this.#options;
    const { object, hold } = entry;
    entry.leaving = claims
      .compareAndSet(entry.key, claimValue(identity()), null, 0)
      .then(
        () => undefined,
        // The medium is away: the claim stays until it expires, or until the next `get` finds it to be ours.
        () => undefined,
      )
      .then(() => void this.#entries.delete(id));
    clearTimeout(hold?.timer);
    object.name = undefined;
    if (hold) table.drop(object, hold);
    return entry.leaving;
  }

  #forget(id: string, entry: Entry): void {
    this.#entries.delete(id);
    clearTimeout(entry.hold?.timer);
    if (!entry.object || !entry.hold) return;
    entry.object.name = undefined;
    this.#options.table.drop(entry.object, entry.hold);
  }
}

/** Whether only the name holds the object, and objects, whose own holders are not known here. */
function leftTo(hold: NameHold, object: HostedObject): boolean {
  return object.holders.has(hold) && object.holders.size - object.owned === (hold.weak ? 0 : 1);
}

function nameKey(typeid: string, name: string): ClaimKey {
  // A typeid may have a colon in it, and must not reach into the name.
  return { kind: 'name', tag: `${typeid.replace(/[%:]/g, encodeURIComponent)}:${name}` };
}

/** What a constructor or factory gave, if it can be hosted. */
export function instanceOf(value: unknown, type: TypeDefinition): object {
  if (typeof value === 'object' && value !== null) return value;
  throw new ConfigurationError(
    `The factory of ${type.typeid} must give an object, got ${value === null ? 'null' : typeof value}.`,
    { typeid: type.typeid, fate: 'executed' },
  );
}
