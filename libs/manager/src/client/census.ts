import type { CensusPosition, ObjectDebugInfo, ServerDebugInfo } from '../protocol/index.js';
import type { ServerSession } from './server-session.js';

/** The most bytes of a page that are asked for. */
const PAGE_BYTES = 256 * 1024;

/** The census of a server, asked for page by page, with what this application knows of its own references. `left`: ms that it may still take. */
export async function censusOf(session: ServerSession, left: () => number): Promise<ServerDebugInfo> {
  const objects: ObjectDebugInfo[] = [];
  // Half of what may come: the server counts what it tells, and not what is around it.
  const bytes = Math.min(PAGE_BYTES, Math.floor(session.answerBytes / 2));
  let from: CensusPosition | undefined = { id: 0, holders: 0 };
  while (from) {
    const page = (await session.call(0, 'debugInfo', [from, bytes], { timeout: left() })) as Page;
    for (const object of page.objects) {
      const last = objects.at(-1);
      // An object with more holders than a page has room for goes on in the next one.
      if (last?.id === object.id) for (const holder of object.holders) last.holders.push(holder);
      else objects.push(object);
    }
    from = page.next;
  }
  for (const object of objects) addLines(session, object);
  return { server: session.server, generation: session.generation, objects };
}

interface Page extends ServerDebugInfo {
  next?: CensusPosition;
}

function addLines(session: ServerSession, { id, holders }: ObjectDebugInfo): void {
  const mine = holders.find((holder) => holder.session === session.id && holder.kind === 'session');
  const { lines = [] } = (mine && session.held(id)) ?? {};
  if (mine && lines.length > 0) mine.lines = lines;
}
