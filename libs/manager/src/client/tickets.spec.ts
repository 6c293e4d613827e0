import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { currentCall, keep, SharedType, type AnyProxy, type SharedProxy } from '../definition/index.js';
import { formatTicket, parseTicket, TicketInvalidError } from '../protocol/index.js';
import type { ManagerServer } from '../server/index.js';
import { failure, House, turns, until } from './house.suite.js';
import type { Manager } from './index.js';

let disposed: string[];
/** The manager of the server, as hosted code has it injected. */
let hosted: Manager;

@SharedType()
class Report {
  #pages = 0;
  constructor(readonly title = 'report') {}
  add(pages = 1): number {
    return (this.#pages += pages);
  }
  pages(): number {
    return this.#pages;
  }
  onSharedDispose(): void {
    disposed.push(this.title);
  }
}

/** Plain data that has no notion of references: a queue of jobs, a table. */
@SharedType()
class Desk {
  #report: SharedProxy<Report> | undefined;
  readonly #jobs: { name: string; report: string }[] = [];
  async post(report: SharedProxy<Report>, ttl?: number): Promise<void> {
    this.#jobs.push({ name: 'render', report: await hosted.ticket(report, ttl === undefined ? {} : { ttl }) });
  }
  job(): { name: string; report: string } | undefined {
    return this.#jobs.shift();
  }
  async make(): Promise<{ ticket: string }> {
    await using report = await hosted.create(Report, 'made by the desk');
    return { ticket: await hosted.ticket(report) };
  }
  async take(ticket: string): Promise<void> {
    this.#report = keep(await hosted.redeem<Report>(ticket), this);
  }
  async takeForNow(ticket: string): Promise<string> {
    const { application } = currentCall();
    const report = await hosted.redeem<Report>(ticket);
    await report.add();
    return application;
  }
  async count(): Promise<number> {
    return (await this.#report?.pages()) ?? -1;
  }
  async overdue(report: SharedProxy<Report>): Promise<void> {
    late = report;
  }
}
let late: SharedProxy<Report> | undefined;

const LEASE = 300;
let house: House;
let server: ManagerServer;
let maker: Manager;
let taker: Manager;

beforeEach(async () => {
  disposed = [];
  house = new House();
  server = await house.server([Report, Desk], { lease: LEASE });
  hosted = house.manager({ application: 'server', local: () => server.local });
  maker = house.manager({ application: 'maker' });
  taker = house.manager({ application: 'taker' });
});
afterEach(() => house.close());

/** Everything that was on its way has been handled: how many objects are left. */
async function settled(...managers: Manager[]): Promise<number> {
  for (const manager of managers) await manager.ping();
  await turns(3);
  return server.table.size;
}

async function ticketOf(options?: { ttl?: number; uses?: number }): Promise<string> {
  await using report = await maker.create(Report);
  return maker.ticket(report, options);
}

describe('a ticket', () => {
  it('hands a reference over, to an application that comes for it when everybody else has let go', async () => {
    const queue: string[] = [];
    const report = await maker.create(Report, 'handed over');
    await report.add(7);
    queue.push(await maker.ticket(report));
    const token = maker.token(report);
    await maker.release(report);
    await maker.close();
    await turns(50);
    expect(server.table.size).toBe(1);

    const taken = await taker.redeem<Report>(queue[0] as string);
    expect(taker.token(taken)).toEqual(token);
    expect(await taken.add(1)).toBe(8);
    expect(disposed).toEqual([]);
    await taker.release(taken);
    expect(await settled(taker)).toBe(0);
    expect(disposed).toEqual(['handed over']);
  });

  it('is a string to put anywhere: JSON, a URL, the result of a call', async () => {
    const ticket = await ticketOf();
    expect(encodeURIComponent(ticket)).toBe(ticket);
    expect(ticket.length).toBeLessThan(100);
    await using report = await taker.redeem<Report>(JSON.parse(JSON.stringify({ ticket })).ticket as string);
    expect(await report.pages()).toBe(0);
  });

  it('gives a reference of its own, and the first goes on', async () => {
    const first = await maker.create(Report);
    const second = await taker.redeem<Report>(await maker.ticket(first));
    await second.add(2);
    await taker.release(second);
    expect(await first.add(2)).toBe(4);
    expect(await settled(taker)).toBe(1);
  });

  it('may be redeemed by the application that made it', async () => {
    const first = await maker.create(Report);
    const second = await maker.redeem<Report>(await maker.ticket(first));
    await maker.release(first);
    expect(await second.add()).toBe(1);
    await maker.release(second);
    expect(await settled(maker)).toBe(0);
  });

  it('is made although the proxy is released before it is there', async () => {
    const report = await maker.create(Report);
    const made = maker.ticket(report);
    await maker.release(report);
    await using taken = await taker.redeem<Report>(await made);
    expect(await taken.add()).toBe(1);
  });

  it('is made of a name, which keeps its object, too, when the name goes', async () => {
    const named = maker.named('weekly').lazy(Report);
    const made = maker.ticket(named);
    await maker.release(named);
    const ticket = await made;
    await maker.unlink(Report, 'weekly');
    const taken = await taker.redeem<Report>(ticket);
    expect(await taken.add()).toBe(1);
    expect(await (await taker.get(Report, 'weekly')).pages()).toBe(0);
  });

  it('is good for one redemption by default; one too many is an error, and touches nothing', async () => {
    const ticket = await ticketOf();
    const taken = await taker.redeem<Report>(ticket);
    const error = await failure(maker.redeem(ticket));
    expect(error).toBeInstanceOf(TicketInvalidError);
    expect(error).toMatchObject({
      reason: 'used-up',
      fate: 'not-executed',
      retryable: false,
      typeid: 'Report',
      objectId: 1,
      server: 'default',
      generation: server.identity.generation,
    });
    expect(error.message).toContain('uses: Infinity');
    await taker.release(taken);
    expect(await settled(maker, taker)).toBe(0);
    expect(await failure(taker.redeem(ticket))).toMatchObject({ reason: 'used-up' });
    expect(disposed).toEqual(['report']);
  });

  it('is good for as many redemptions as it says', async () => {
    const ticket = await ticketOf({ uses: 3 });
    for (let i = 1; i <= 3; i++) {
      await using report = await taker.redeem<Report>(ticket);
      expect(await report.add()).toBe(i);
    }
    expect(await failure(taker.redeem(ticket))).toMatchObject({ reason: 'used-up' });
    expect(await settled(taker)).toBe(0);
  });

  it('of infinite uses is good until it expires', async () => {
    const ticket = await ticketOf({ uses: Infinity, ttl: 1500 });
    for (let i = 0; i < 20; i++) await taker.release(await taker.redeem(ticket));
    expect(await settled(taker)).toBe(1);
    await until(() => disposed.length);
    expect(await failure(taker.redeem(ticket))).toMatchObject({ reason: 'expired' });
  });

  it('that expires frees an object that nobody else holds, once', async () => {
    const ticket = await ticketOf({ ttl: 50 });
    expect(server.table.size).toBe(1);
    await until(() => server.table.size === 0);
    expect(disposed).toEqual(['report']);
    expect(await failure(taker.redeem(ticket))).toMatchObject({ reason: 'expired', fate: 'not-executed' });
    await turns();
    expect(disposed).toEqual(['report']);
  });

  it('that expires takes nothing from whoever redeemed it', async () => {
    const ticket = await ticketOf({ ttl: 50, uses: 2 });
    const taken = await taker.redeem<Report>(ticket);
    await until(() => [...server.table.objects()].every(({ holders }) => holders.size === 1));
    expect(await taken.add()).toBe(1);
  });

  it.each(['close', 'be killed'])('is spent by an application that redeems it, and is to %s then', async (how) => {
    const line = house.line();
    const victim = house.manager({ transport: line });
    const ticket = await ticketOf();
    await victim.redeem(ticket);
    if (how === 'close') await victim.close();
    else line.cut();
    await until(() => server.table.size === 0);
    expect(disposed).toEqual(['report']);
    expect(await failure(taker.redeem(ticket))).toMatchObject({ reason: 'used-up' });
  });

  it('is spent by an application that dies before it has the proxy, and the next may try where uses are left', async () => {
    const line = house.line();
    const victim = house.manager({ transport: line, timeout: 150 });
    await victim.ping();
    const ticket = await ticketOf({ uses: 2 });
    line.deaf = true;
    const error = await failure(victim.redeem(ticket));
    expect(error).toMatchObject({ code: 'ERR_MANAGER_CALL_TIMEOUT', fate: 'unknown' });
    await using report = await taker.redeem<Report>(ticket);
    expect(await report.add()).toBe(1);
    expect(await failure(taker.redeem(ticket))).toMatchObject({ reason: 'used-up' });
  });

  it('of one use is won by exactly one, however many redeem it at once', async () => {
    const ticket = await ticketOf();
    const managers = [maker, taker, hosted, house.manager(), house.manager()];
    const outcomes = await Promise.allSettled(
      managers.flatMap((manager) => [manager.redeem<Report>(ticket), manager.redeem<Report>(ticket)]),
    );
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(won).toHaveLength(1);
    expect(await won[0]?.value.add()).toBe(1);
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    for (const { reason } of lost) expect(reason).toMatchObject({ reason: 'used-up' });
  });

  it('shows in the census while it is under way', async () => {
    const before = Date.now();
    const ticket = await ticketOf({ ttl: 90_000, uses: 3 });
    await taker.release(await taker.redeem(ticket));
    await settled(taker);
    const holders = (await taker.debugInfo()).servers[0]?.objects[0]?.holders ?? [];
    expect(holders).toEqual([
      {
        kind: 'ticket',
        application: 'maker',
        uses: 2,
        since: expect.any(Number),
        expiresAt: expect.any(Number),
      },
    ]);
    expect(holders[0]?.expiresAt).toBeGreaterThanOrEqual(before + 90_000);
    await ticketOf({ uses: Infinity });
    expect((await taker.debugInfo()).servers[0]?.objects[1]?.holders[0]?.uses).toBe(Infinity);
  });
});

describe('a ticket that is not taken', () => {
  it('is one that was damaged, which no server is asked about', async () => {
    const alone = new House();
    const ticket = await ticketOf();
    for (const wrong of [ticket.slice(0, -1), `${ticket}A`, ticket.replace('nmt1', 'nmt2'), '', 'ticket', undefined]) {
      const error = await failure(alone.manager().redeem(wrong as string));
      expect(error).toBeInstanceOf(TicketInvalidError);
      expect(error).toMatchObject({ reason: 'damaged', fate: 'not-executed' });
    }
    await alone.close();
    await using report = await taker.redeem<Report>(`\n${ticket} `);
    expect(await report.pages()).toBe(0);
  });

  it('is one that was forged', async () => {
    const ticket = await ticketOf();
    const known = parseTicket(ticket);
    for (const forged of [
      { ...known, secret: new Uint8Array(16) },
      { ...known, number: known.number + 1 },
      { ...known, number: known.number + 1, secret: new Uint8Array(16) },
    ]) {
      const error = await failure(taker.redeem(formatTicket(forged)));
      expect(error).toBeInstanceOf(TicketInvalidError);
      expect(error).toMatchObject({ reason: 'unknown', fate: 'not-executed' });
    }
    await using report = await taker.redeem<Report>(ticket);
    expect(await report.pages()).toBe(0);
  });

  it('is one of another namespace, whether its server started at the same time or not', async () => {
    const ticket = await ticketOf();
    const other = new House();
    await other.server([Report]);
    const abroad = other.manager();
    const error = await failure(abroad.redeem(ticket));
    expect(error).toBeInstanceOf(TicketInvalidError);
    expect(['unknown', 'foreign']).toContain(error['reason']);
    const older = { ...parseTicket(ticket), generation: server.identity.generation - 5 };
    expect(await failure(abroad.redeem(formatTicket(older)))).toMatchObject({ reason: 'foreign', typeid: 'Report' });
    expect(await abroad.numberOfObjects()).toBe(0);
    await other.close();
    await using report = await taker.redeem<Report>(ticket);
    expect(await report.pages()).toBe(0);
  });

  it('is one of a start of the server that is over', async () => {
    const ticket = await ticketOf();
    await settled(taker, maker);
    await server.close();
    server = await house.server([Report, Desk], { lease: LEASE });
    for (const manager of [taker, house.manager(), hosted]) {
      const error = await failure(manager.redeem(ticket));
      expect(error).toBeInstanceOf(TicketInvalidError);
      expect(error).toMatchObject({ reason: 'foreign', fate: 'not-executed', typeid: 'Report', objectId: 1 });
      expect(error.message).toContain(`generation ${server.identity.generation} runs`);
    }
  });

  it('is one of a server that was killed, as soon as there is another start of it', async () => {
    const line = house.line();
    await house.server([Report], { name: 'mortal', lease: LEASE, transport: line });
    const report = await maker.at('mortal').create(Report);
    const ticket = await maker.ticket(report, { uses: Infinity });
    await taker.release(await taker.redeem(ticket));
    line.cut();
    await house.server([Report], { name: 'mortal', lease: LEASE, takeover: true });
    expect(await failure(house.manager().redeem(ticket))).toMatchObject({ reason: 'foreign' });
    // This one had a session there, and learns from it what became of the server.
    const error = await failure(taker.redeem(ticket));
    expect(['ERR_MANAGER_TICKET_INVALID', 'ERR_MANAGER_OBJECT_LOST']).toContain(error['code']);
    expect(await failure(taker.redeem(ticket))).toMatchObject({ reason: 'foreign' });
  });

  it('waits for its server as long as a call does', async () => {
    const patient = house.manager({ timeout: 120 });
    const elsewhere = { ...parseTicket(await ticketOf()), server: 'elsewhere' };
    const error = await failure(patient.redeem(formatTicket(elsewhere)));
    expect(error).toMatchObject({ code: 'ERR_MANAGER_SERVER_UNAVAILABLE', server: 'elsewhere', fate: 'not-executed' });
    expect(error['retryable']).toBe(true);
  });

  it('reaches nobody when the manager is closed', async () => {
    const ticket = await ticketOf();
    const report = await maker.create(Report);
    await maker.close();
    expect(await failure(maker.redeem(ticket))).toMatchObject({ code: 'ERR_MANAGER_CLOSED', fate: 'not-executed' });
    expect(await failure(maker.ticket(report))).toMatchObject({ code: 'ERR_MANAGER_CLOSED', fate: 'not-executed' });
  });
});

describe('no ticket is made', () => {
  it.each([
    { ttl: 0 },
    { ttl: -1 },
    { ttl: 2 ** 31 },
    { ttl: Infinity },
    { uses: 0 },
    { uses: 1.5 },
    { uses: NaN },
    { uses: '2' as never },
  ])('with %p, and nothing is sent', async (options) => {
    const line = house.line();
    const manager = house.manager({ transport: line });
    const report = await manager.create(Report);
    await manager.ping();
    line.fortune = (_owner, lane) => {
      if (lane === 'frames') throw new Error('something was sent');
      return 'arrives';
    };
    expect(await failure(manager.ticket(report, options))).toMatchObject({
      code: 'ERR_MANAGER_CONFIGURATION',
      fate: 'not-executed',
    });
    line.mend();
    expect(await report.pages()).toBe(0);
  });

  it('of what is no proxy, or of one that was released', async () => {
    const report = await maker.create(Report);
    for (const wrong of [undefined, null, {}, 'report', new Report()]) {
      expect(await failure(maker.ticket(wrong as unknown as AnyProxy))).toMatchObject({
        code: 'ERR_MANAGER_CONFIGURATION',
      });
    }
    await maker.release(report);
    expect(await failure(maker.ticket(report))).toMatchObject({
      code: 'ERR_MANAGER_PROXY_RELEASED',
      fate: 'not-executed',
    });
  });

  it('of an object whose server has closed', async () => {
    const report = await maker.create(Report);
    await server.close();
    await expect(report.pages()).rejects.toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST' });
    expect(await failure(maker.ticket(report))).toMatchObject({
      code: 'ERR_MANAGER_OBJECT_LOST',
      fate: 'not-executed',
    });
  });
});

describe('tickets of a server that closes', () => {
  it('go with it, and their objects are disposed of once', async () => {
    await ticketOf({ uses: Infinity, ttl: 2 ** 31 - 1 });
    await settled(maker);
    await server.close();
    expect(disposed).toEqual(['report']);
    expect(server.table.size).toBe(0);
  });
});

describe('hosted code', () => {
  it('makes a ticket of what it was given, and keeps it in plain data', async () => {
    const desk = await maker.create(Desk);
    const report = await maker.create(Report, 'posted');
    await desk.post(report);
    await maker.release(report);
    expect(await settled(maker)).toBe(2);
    const job = await desk.job();
    await using taken = await taker.redeem<Report>(job?.report as string);
    expect(await taken.add()).toBe(1);
    expect(taker.token(taken)).toMatchObject({ typeid: 'Report', id: 2 });
  });

  it('makes a ticket of what it made itself', async () => {
    const desk = await maker.create(Desk);
    const { ticket } = await desk.make();
    expect(await settled(maker)).toBe(2);
    await using taken = await taker.redeem<Report>(ticket);
    expect(await taken.add()).toBe(1);
  });

  it('redeems a ticket and keeps what it stands for', async () => {
    const desk = await taker.create(Desk);
    await desk.take(await ticketOf());
    expect(await settled(taker)).toBe(2);
    expect(await desk.count()).toBe(0);
    await taker.release(desk);
    expect(await settled(taker)).toBe(0);
    expect(disposed).toEqual(['report']);
  });

  it('has what it redeems for the call, where it does not keep it', async () => {
    const desk = await taker.create(Desk);
    const ticket = await ticketOf({ uses: 2 });
    expect(await desk.takeForNow(ticket)).toBe('taker');
    expect(await desk.takeForNow(ticket)).toBe('taker');
    await until(() => disposed.length);
    expect(await failure(desk.takeForNow(ticket))).toMatchObject({ reason: 'used-up' });
  });

  it('gets none of a proxy whose call is over', async () => {
    const desk = await maker.create(Desk);
    await desk.overdue(await maker.create(Report));
    await turns();
    expect(await failure(hosted.ticket(late as SharedProxy<Report>))).toMatchObject({
      code: 'ERR_MANAGER_PROXY_RELEASED',
      fate: 'not-executed',
    });
  });

  it('redeems tickets of other servers, as an application', async () => {
    const other = await house.server([Report], { name: 'other' });
    await using report = await maker.at('other').create(Report);
    await using taken = await hosted.redeem<Report>(await maker.ticket(report));
    expect(await taken.add()).toBe(1);
    expect(hosted.token(taken)).toMatchObject({ server: 'other', generation: other.identity.generation });
  });
});
