/** How a name keeps its object; the first who asks for the name decides. */
export type KeepOption = 'always' | 'referenced' | { idle: number };

/** What `debugInfo()` gives. */
export interface DebugInfo {
  /** The live servers. */
  servers: ServerDebugInfo[];
}

/** Where a page of the census begins: with this object, or the first after it, of whose holders so many were told. */
export interface CensusPosition {
  id: number;
  holders: number;
}

/** One server in `debugInfo()`. */
export interface ServerDebugInfo {
  /** Its name. */
  server: string;
  /** Number of this start of it. */
  generation: number;
  /** What it hosts, oldest first. */
  objects: ObjectDebugInfo[];
}

/** One object in `debugInfo()`. */
export interface ObjectDebugInfo {
  /** Never used again at its server's generation. An instance that is hosted under two types has two. */
  id: number;
  typeid: string;
  /** The name that it has, if it has one. */
  name?: string;
  /** Ms since 1970, by the server's clock. */
  createdAt: number;
  /** What `util.inspect` shows of the instance, in at most 75 characters. */
  preview: string;
  /** What the object tells of its state itself, by a method of the key `debugState`; the built-in locks do. */
  state?: Record<string, unknown>;
  /** Everybody who keeps it alive. */
  holders: HolderDebugInfo[];
}

/**
 * One holder of an object in `debugInfo()`. Which of the fields are there depends on `kind`:
 *
 * - `session`: an application has proxies of it, or a reference is on its way there. `session`, `application`, `host`,
 *   `pid`, `grants`, and `lines` for the manager that asks
 * - `name`: it has a name. `name`, `keep`
 * - `object`: another object keeps it. `object`, `lines`
 * - `iterator`: an open iterator uses it. `object`, `lines`
 * - `call`: it was lent to a call that runs: `session`, `application`, `method`, `object`. One row without those counts
 *   the calls that run on the object itself: `running`
 * - `ticket`: a ticket stands for it. `application`, `expiresAt`, `uses`
 * - `server`: code of the server holds it outside of any call. `lines`
 */
export interface HolderDebugInfo {
  kind: 'session' | 'ticket' | 'name' | 'call' | 'iterator' | 'object' | 'server';
  /** Ms since 1970, by the server's clock: since when it holds. Calls that are only counted do not have it. */
  since?: number;
  /** `session`, `call`: id of the session. */
  session?: string;
  /** `session`, `call`: what the application calls itself. `ticket`: the one that asked for it. */
  application?: string;
  /** `session`: name of the application's machine. */
  host?: string;
  /** `session`: id of the application's process. */
  pid?: number;
  /** `session`: references handed to it and not given back, as far as the server knows. */
  grants?: number;
  /** `name`: the name. */
  name?: string;
  /** `name`: how long the name holds. */
  keep?: KeepOption;
  /** `call`: the method that runs. */
  method?: string;
  /** `object`: the one that keeps it. `iterator`: the iterator. `call`: the one that runs it; a call of the server has none. */
  object?: { id: number; typeid: string; name?: string };
  /** `call`: how many calls run on the object. */
  running?: number;
  /** `ticket`: when it expires, in ms since 1970. */
  expiresAt?: number;
  /** `ticket`: redemptions that are left; `Infinity` for any number. */
  uses?: number;
  /**
   * In development (`NODE_ENV` is not `production`): the lines, as `file:line:column`, from which it is held. `session`:
   * where the proxies came from that were not released, for the manager that asks alone: no application knows the code of
   * another. `object`: where `keep()` was called. `server`: where the proxy was made.
   */
  lines?: string[];
}
