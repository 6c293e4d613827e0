import { ServerUnavailableError, TypeNotRegisteredError } from '../protocol/index.js';
import type { Transport } from '../transport/index.js';
import type { ServerAddress } from './server-session.js';

/** A live server as it announced itself. */
export interface ListedServer extends ServerAddress {
  readonly types: ReadonlySet<string>;
  /** Objects it hosts. */
  readonly objects: number;
}

/** Ms that a listing is good for: creating objects must not ask the medium each time. */
const FRESH = 1000;
/** Ms between two looks while a server is waited for. */
const LOOK_AGAIN = 100;

/** Which servers live, and which of them has a type. */
export class Directory {
  readonly #transport: Transport;
  #listing: Promise<ListedServer[]> | undefined;
  #listedAt = -Infinity;
  /** By typeid, from the last listing: which server is the one to create at. */
  #chosen = new Map<string, string>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Forgets what it knows: a server went. */
  invalidate(): void {
    this.#listing = undefined;
    this.#chosen.clear();
  }

  /** The server to create at, as of a listing that is still fresh. */
  chosen(typeid: string): string | undefined {
    return performance.now() - this.#listedAt < FRESH ? this.#chosen.get(typeid) : undefined;
  }

  /** The live servers: announced, and with their claim on their name in force. */
  async list(fresh = false): Promise<ListedServer[]> {
    if (!fresh && this.#listing && performance.now() - this.#listedAt < FRESH) return this.#listing;
    this.#listedAt = performance.now();
    this.#chosen.clear();
    const listing = this.#read();
    this.#listing = listing;
    listing.catch(() => {
      if (this.#listing === listing) this.#listing = undefined;
    });
    return listing;
  }

  /** A server of this name, or one that has the type; waits for it until `signal` fires, or `leaving` has a reason not to. */
  async find(
    wanted: { server?: string | undefined; typeid?: string | undefined },
    signal: AbortSignal,
    leaving: () => Error | undefined,
  ): Promise<ListedServer> {
    for (let again = false; ; again = true) {
      // However many wait, one of them looks.
      if (again && performance.now() - this.#listedAt >= LOOK_AGAIN / 2) this.invalidate();
      let servers: ListedServer[] = [];
      try {
        servers = await this.list();
        const found = choose(servers, wanted);
        if (found && wanted.typeid !== undefined) this.#chosen.set(wanted.typeid, found.server);
        if (found) return found;
      } catch (error) {
        if (signal.aborted) throw unreachable(this.#transport, wanted, error);
      }
      if (signal.aborted) throw unreachable(this.#transport, wanted);
      const reason = leaving();
      if (reason) throw reason;
      if (servers.length > 0 && wanted.server === undefined) {
        const fresh = await this.list(true).catch(() => servers);
        if (fresh.length > 0 && !choose(fresh, wanted)) throw noneHas(wanted.typeid ?? '', fresh);
      } else await pause(LOOK_AGAIN, signal);
    }
  }

  async claimOf(server: string): Promise<string | null> {
    return (await this.#transport.claims.read({ kind: 'server', tag: server }))?.value ?? null;
  }

  async #read(): Promise<ListedServer[]> {
    const { claims } = this.#transport;
    const announced = await claims.announced();
    const servers: ListedServer[] = [];
    await Promise.all(
      [...announced].map(async ([server, text]) => {
        const entry = await claims.read({ kind: 'server', tag: server });
        const listed = parse(server, text);
        if (listed && entry?.value === listed.claim) servers.push(listed);
      }),
    );
    return servers.toSorted((a, b) => (a.server < b.server ? -1 : 1));
  }
}

/** Nobody who could serve was there in time. */
export function unreachable(
  transport: Transport,
  wanted: { server?: string | undefined; typeid?: string | undefined },
  cause: unknown = transport.lastError,
): ServerUnavailableError {
  const { server, typeid } = wanted;
  const what = `manager server${server === undefined ? '' : ` "${server}"`}${typeid === undefined ? '' : ` with the type "${typeid}"`}`;
  const { kind, state, lastError } = transport;
  const why = lastError ? `: ${lastError.message.replace(/\.$/, '')}` : '';
  const medium = state === 'connected' ? '' : ` (${kind}: ${state}${why})`;
  return new ServerUnavailableError(`No ${what} answered in time${medium}. Is it running, in the same namespace?`, {
    fate: 'not-executed',
    ...(server !== undefined && { server }),
    ...(typeid !== undefined && { typeid }),
    ...(cause !== undefined && { cause }),
  });
}

function choose(
  servers: readonly ListedServer[],
  wanted: { server?: string | undefined; typeid?: string | undefined },
): ListedServer | undefined {
  if (wanted.server !== undefined) return servers.find(({ server }) => server === wanted.server);
  const able = servers.filter(({ types }) => wanted.typeid === undefined || types.has(wanted.typeid));
  return able.reduce<ListedServer | undefined>(
    (best, one) => (best && best.objects <= one.objects ? best : one),
    undefined,
  );
}

function noneHas(typeid: string, servers: readonly ListedServer[]): TypeNotRegisteredError {
  const known = servers.map(({ server, types }) => `"${server}" has ${[...types].join(', ') || 'none'}`).join('; ');
  return new TypeNotRegisteredError(
    `No live manager server has the type "${typeid}": ${known}. Is it named in \`types\` or forFeature() there?`,
    { typeid, fate: 'not-executed' },
  );
}

function parse(server: string, text: string): ListedServer | undefined {
  try {
    const { generation, claim, inbox, types, objects } = JSON.parse(text) as Record<string, unknown>;
    if (typeof generation !== 'number' || typeof claim !== 'string' || typeof inbox !== 'string') return undefined;
    if (!Array.isArray(types)) return undefined;
    return { server, generation, claim, inbox, types: new Set(types as string[]), objects: Number(objects) || 0 };
  } catch {
    // Not ours, or of another version: as good as not announced.
    return undefined;
  }
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
