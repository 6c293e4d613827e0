import { parseTicket, TicketInvalidError, type Ticket } from '../protocol/index.js';
import type { Connections } from './connections.js';
import type { ServerSession } from './server-session.js';
import { within } from './within.js';

/** A proxy of the object that the ticket stands for. */
export async function redeem(connections: Connections, text: string): Promise<object> {
  const ticket = parseTicket(text);
  const args = [ticket.number, ticket.secret];
  const local = connections.local(ticket.typeid, ticket.server);
  if (local) {
    if (local.generation !== ticket.generation) throw foreign(ticket, local.generation);
    return (await local.verb('redeem', args)) as object;
  }
  const { timeout, closed } = connections;
  return within(timeout, [closed.signal], async (over, left) => {
    const session = await sessionOf(connections, ticket, over);
    return (await session.call(0, 'redeem', args, { timeout: left() })) as object;
  });
}

/** The session at the server that made the ticket. One of a later start knows nothing of it. */
async function sessionOf(connections: Connections, ticket: Ticket, over: AbortSignal): Promise<ServerSession> {
  const { server, generation } = ticket;
  for (const session of connections.sessions) {
    if (session.server === server && session.generation === generation) return session;
  }
  let session = await connections.session({ server }, over);
  if (session.generation !== generation) {
    // A listing may be a second old, and this start of the server younger.
    connections.directory.invalidate();
    session = await connections.session({ server }, over);
  }
  if (session.generation === generation) return session;
  throw foreign(ticket, session.generation);
}

function foreign({ server, generation, typeid, objectId }: Ticket, living: number): TicketInvalidError {
  return new TicketInvalidError(
    `The ticket of ${typeid} #${objectId} is of generation ${generation} of the server "${server}", and generation ${living} ` +
      'runs: the one that made it has ended, and its objects with it, or the ticket is of another namespace.',
    { reason: 'foreign', fate: 'not-executed', server, generation, typeid, objectId },
  );
}
