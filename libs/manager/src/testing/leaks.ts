import { sessionsOf, type Manager } from '../client/index.js';
import type { DebugInfo, HolderDebugInfo, ObjectDebugInfo, ServerDebugInfo } from '../protocol/index.js';

/** A holder in the census, with what the manager that asked knows of it. */
export interface KnownHolder extends HolderDebugInfo {
  /** It is the manager that asked. */
  own: boolean;
  /** It holds only through proxies that last as long as the application. */
  lasting: boolean;
}

/** An object that leaks, and the server that hosts it. */
export interface Leak extends ObjectDebugInfo {
  server: string;
  generation: number;
  holders: KnownHolder[];
}

/** Says of an object that it may stay. */
export type Ignore = (object: ObjectDebugInfo) => boolean;

/** Who holds an object for longer than a call, and is no object himself. */
const LASTING_KINDS: ReadonlySet<HolderDebugInfo['kind']> = new Set(['session', 'ticket', 'server']);

/** What leaks, in what the manager was told. */
export function leaksIn({ servers }: DebugInfo, manager: Manager, ignore: Ignore): Leak[] {
  return servers.flatMap((server) => leaksAt(server, manager, ignore));
}

function leaksAt({ server, generation, objects }: ServerDebugInfo, manager: Manager, ignore: Ignore): Leak[] {
  const session = sessionsOf(manager).find((one) => one.server === server && one.generation === generation);
  const known = objects.map((object): Leak => ({
    ...object,
    server,
    generation,
    holders: object.holders.map((holder) => {
      const own = holder.kind === 'session' && holder.session === session?.id;
      return { ...holder, own, lasting: own && session?.held(object.id)?.lasting === true };
    }),
  }));
  const ignored = new Set(objects.filter(ignore).map(({ id }) => id));
  const excused = belongings(known, ignored);
  return known.filter((object) => !ignored.has(object.id) && isLeak(object, excused));
}

function isLeak(object: Leak, excused: ReadonlySet<number>): boolean {
  if (object.name !== undefined) return object.holders.some(({ own, lasting }) => own && !lasting);
  return !excused.has(object.id) || object.holders.some(({ kind, lasting }) => LASTING_KINDS.has(kind) && !lasting);
}

/** What is meant to stay: objects with a name, those of proxies that last, those ignored, and all that these keep. */
function belongings(objects: readonly Leak[], ignored: ReadonlySet<number>): Set<number> {
  const kept = new Map<number, number[]>();
  for (const { id, holders } of objects) {
    for (const { object, kind } of holders) {
      if (!object || kind === 'call') continue;
      const ids = kept.get(object.id);
      if (ids) ids.push(id);
      else kept.set(object.id, [id]);
    }
  }
  const found = new Set<number>();
  const todo = objects
    .filter(({ id, name, holders }) => ignored.has(id) || name !== undefined || holders.some(({ lasting }) => lasting))
    .map(({ id }) => id);
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    todo.push(...(kept.get(id) ?? []));
  }
  return found;
}
