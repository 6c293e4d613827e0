import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Link } from './link.js';
import { isData, isGap, numbered, numbersIn, TwoEnds, type Letter } from './two-ends.suite.js';

const frames = (letters: readonly Letter[]): number[][] => letters.filter(isData).map(numbersIn);
const gapsIn = (letters: readonly Letter[]): unknown[] => letters.filter(isGap).map(({ header }) => header[2]);

describe('a link', () => {
  it('carries what one turn sends in one frame, in order', async () => {
    const ends = new TwoEnds();
    for (let n = 1; n <= 5; n++) ends.client.link.send(numbered(n), 1, true);
    expect(ends.toServer).toHaveLength(0);
    await ends.turn();
    expect(frames(ends.toServer)).toEqual([[1, 2, 3, 4, 5]]);
    await ends.settle();
    expect(ends.server.received).toEqual([1, 2, 3, 4, 5]);
  });

  it('ends with a peer that sends more than it was granted', () => {
    const broken: string[] = [];
    const link = new Link({
      session: 'c.1',
      window: { calls: 2, bytes: 1000 },
      write: () => Promise.resolve(true),
      mayWrite: () => true,
      deliver: () => undefined,
      onBroken: (error) => broken.push(error.message),
    });
    expect([link.charge(1, 100), link.charge(1, 100)]).toEqual([true, true]);
    link.consumed(1, 100);
    // Done with one, but that was not said yet.
    expect(link.charge(1, 100)).toBe(false);
    expect(broken).toEqual(['The peer of session c.1 sent more than it was granted.']);
  });

  it('cuts frames at about half a MiB', async () => {
    const ends = new TwoEnds({ serverWindow: { calls: 100, bytes: 10_000_000 } });
    for (let n = 1; n <= 5; n++) ends.client.link.send(numbered(n, 200_000), 1, true);
    await ends.turn();
    expect(frames(ends.toServer)).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('is idle once everything was acknowledged', async () => {
    const ends = new TwoEnds();
    const taken: number[] = [];
    ends.client.link.send(numbered(1), 1, true, () => taken.push(1));
    expect(ends.client.link.idle).toBe(false);
    await ends.settle();
    expect(taken).toEqual([]);
    await ends.beat();
    expect(taken).toEqual([1]);
    expect(ends.client.link.idle).toBe(true);
  });

  it('discards what is repeated', async () => {
    const ends = new TwoEnds();
    ends.client.link.send(numbered(1), 1, true);
    await ends.turn();
    const copies = [...ends.toServer, ...ends.toServer];
    await ends.settle();
    ends.server.read(copies);
    expect(ends.server.received).toEqual([1]);
  });

  it('sends again what a write failed to leave, at the next beat, and in order with what follows', async () => {
    const ends = new TwoEnds();
    ends.written = false;
    ends.client.link.send(numbered(1), 1, true);
    await ends.turn();
    ends.toServer.length = 0;
    ends.written = true;
    ends.client.link.send(numbered(2), 1, true);
    await ends.turn();
    await ends.beat();
    expect(ends.server.received).toEqual([1, 2]);
  });

  it('hands up nothing and sends nothing after it was closed', async () => {
    const ends = new TwoEnds();
    const taken: number[] = [];
    ends.client.link.send(numbered(1), 1, true, () => taken.push(1));
    await ends.turn();
    ends.server.link.close();
    ends.client.link.close();
    ends.client.link.send(numbered(2), 1, true);
    await ends.settle();
    expect([ends.server.received, taken, ends.client.link.idle]).toEqual([[], [], true]);
  });
});

describe('what is missing', () => {
  it('is asked for once when a later frame shows it, and sent again from there', async () => {
    const ends = new TwoEnds();
    for (const n of [1, 2, 3]) {
      ends.client.link.send(numbered(n), 1, true);
      await ends.turn();
    }
    const [, second, third] = ends.toServer.splice(0) as [Letter, Letter, Letter];
    ends.server.read([third, second]);
    expect(gapsIn(ends.toClient)).toEqual([1]);
    await ends.settle();
    expect(ends.server.received).toEqual([1, 2, 3]);
  });

  it('is asked for after two beats that say so, with the inbox read to its end between', async () => {
    const ends = new TwoEnds();
    ends.client.link.send(numbered(1), 1, true);
    await ends.turn();
    ends.toServer.length = 0;
    ends.client.sendBeat();
    ends.server.read(ends.toServer.splice(0));
    expect(gapsIn(ends.toClient)).toEqual([]);
    ends.client.sendBeat();
    ends.server.read(ends.toServer.splice(0));
    expect(gapsIn(ends.toClient)).toEqual([1]);
    await ends.settle();
    expect(ends.server.received).toEqual([1]);
  });

  it('is not asked for where the inbox was not read to its end between two beats', async () => {
    const ends = new TwoEnds();
    ends.client.link.send(numbered(1), 1, true);
    await ends.turn();
    const data = ends.toServer.splice(0);
    ends.client.sendBeat();
    ends.client.sendBeat();
    const beats = ends.toServer.splice(0);
    ends.server.reader.deliver(
      'beats',
      beats.map(({ bytes }) => ({ bytes, at: 0 })),
    );
    expect(gapsIn(ends.toClient)).toEqual([]);
    ends.server.read(data);
    expect(ends.server.received).toEqual([1]);
  });

  it('is asked for once a beat, however many frames show it', async () => {
    const ends = new TwoEnds();
    for (let n = 1; n <= 6; n++) {
      ends.client.link.send(numbered(n), 1, true);
      await ends.turn();
    }
    const [, ...later] = ends.toServer.splice(0);
    for (const letter of later) ends.server.read([letter]);
    expect(gapsIn(ends.toClient)).toEqual([1]);
    ends.toClient.length = 0;
    ends.client.sendBeat();
    ends.server.read([...later, ...ends.toServer.splice(0)]);
    ends.client.sendBeat();
    ends.server.read([...ends.toServer.splice(0), ...later]);
    expect(gapsIn(ends.toClient)).toHaveLength(2);
  });

  it('is not asked for because a beat is repeated', async () => {
    const ends = new TwoEnds();
    ends.client.link.send(numbered(1), 1, true);
    await ends.turn();
    const data = ends.toServer.splice(0);
    ends.client.sendBeat();
    const beat = ends.toServer.splice(0);
    ends.server.read(beat);
    ends.server.read(beat);
    expect(gapsIn(ends.toClient)).toEqual([]);
    ends.server.read(data);
    expect(ends.server.received).toEqual([1]);
  });

  it('may be asked for late and twice: the request that is out of date does no harm', async () => {
    const ends = new TwoEnds();
    ends.client.link.send(numbered(1), 1, true);
    ends.client.link.send(numbered(2), 1, true);
    await ends.turn();
    ends.server.link.request();
    const [gap] = ends.toClient.splice(0) as [Letter];
    await ends.settle();
    await ends.beat();
    expect(ends.client.link.idle).toBe(true);
    ends.client.read([gap, gap]);
    expect(ends.client.broken).toBeUndefined();
    ends.client.link.send(numbered(3), 1, true);
    await ends.settle();
    expect(ends.server.received).toEqual([1, 2, 3]);
  });

  it('is asked for when the receiver was not ready to take it', async () => {
    const ends = new TwoEnds();
    ends.server.mayTake = false;
    ends.client.link.send(numbered(1), 1, true);
    await ends.settle();
    expect(ends.server.received).toEqual([]);
    ends.server.mayTake = true;
    ends.server.link.request();
    await ends.settle();
    expect(ends.server.received).toEqual([1]);
  });
});

describe('an acknowledgement', () => {
  const ANSWER = 1;
  const UNWANTED = 2;

  /** The server hands something over; the client does not want it. What happened at the server, in its order. */
  function handOver(): { ends: TwoEnds; events: string[] } {
    const events: string[] = [];
    const ends = new TwoEnds({
      atClient: () => void ends.client.link.send(numbered(UNWANTED), 0, false),
      atServer: (number) => number === UNWANTED && events.push('unwanted'),
    });
    ends.server.link.send(numbered(ANSWER), 0, true, () => events.push('taken'));
    return { ends, events };
  }

  it('in a beat does not count before what was sent ahead of it has arrived', async () => {
    const { ends, events } = handOver();
    await ends.turn();
    ends.client.read(ends.toClient.splice(0));
    await ends.turn();
    const unwanted = ends.toServer.splice(0);
    expect(frames(unwanted)).toEqual([[UNWANTED]]);
    ends.client.sendBeat();
    expect(ends.server.link.oldestUnacked).toBe(1);
    ends.server.read(ends.toServer.splice(0));
    expect(events).toEqual([]);
    // It was heard all the same: whoever says it is not deaf.
    expect(ends.server.link.oldestUnacked).toBe(0);
    ends.server.read(unwanted);
    expect(events).toEqual(['unwanted', 'taken']);
  });

  it('in a beat sent before the end of the turn does not cover what was taken in it', async () => {
    const { ends, events } = handOver();
    await ends.turn();
    ends.client.mayWrite = false;
    ends.client.read(ends.toClient.splice(0));
    ends.client.sendBeat();
    ends.server.read(ends.toServer.splice(0));
    expect(events).toEqual([]);
    ends.client.mayWrite = true;
    await ends.beat();
    await ends.beat();
    expect(events).toEqual(['unwanted', 'taken']);
  });

  it('in an older frame that is sent again does not cover what was taken since', async () => {
    const events: string[] = [];
    const ends = new TwoEnds({
      atClient: () => void ends.client.link.send(numbered(UNWANTED), 0, false),
      atServer: (number) => events.push(number === UNWANTED ? 'unwanted' : `call ${number}`),
    });
    ends.client.link.send(numbered(7), 1, true);
    await ends.turn();
    ends.toServer.length = 0; // the call is lost
    ends.server.link.send(numbered(ANSWER), 0, true, () => events.push('taken'));
    await ends.turn();
    ends.client.read(ends.toClient.splice(0));
    await ends.turn();
    ends.toServer.length = 0; // and so is the unwanted
    ends.server.link.request();
    ends.client.read(ends.toClient.splice(0));
    await ends.turn();
    const again = ends.toServer.splice(0);
    expect(frames(again)).toEqual([[7], [UNWANTED]]);
    ends.server.read([again[0] as Letter]);
    expect(events).toEqual(['call 7']);
    ends.server.read([again[1] as Letter]);
    expect(events).toEqual(['call 7', 'unwanted', 'taken']);
  });

  it('before a farewell leaves behind what was said in the same turn', async () => {
    const BYE = 3;
    const events: string[] = [];
    const ends = new TwoEnds({
      atClient: (number) => {
        if (number === BYE) ends.client.link.farewell();
        else ends.client.link.send(numbered(UNWANTED), 0, false);
      },
      atServer: (number) => number === UNWANTED && events.push('unwanted'),
    });
    ends.server.link.send(numbered(ANSWER), 0, true, () => events.push('taken'));
    ends.server.link.send(numbered(BYE), 0, false);
    await ends.settle();
    expect(events).toEqual(['unwanted', 'taken']);
    expect(ends.server.link.idle).toBe(true);
  });

  it('that is older than the last changes nothing', async () => {
    const ends = new TwoEnds();
    const taken: number[] = [];
    for (const n of [1, 2]) ends.server.link.send(numbered(n), 0, true, () => taken.push(n));
    await ends.turn();
    ends.client.sendBeat();
    const old = ends.toServer.splice(0);
    await ends.settle();
    await ends.beat();
    expect(taken).toEqual([1, 2]);
    ends.server.read(old);
    expect([taken, ends.server.link.idle]).toEqual([[1, 2], true]);
  });

  it('is sent without waiting where it was asked for', async () => {
    const ends = new TwoEnds();
    const taken: number[] = [];
    ends.server.link.send(numbered(1), 0, true, () => taken.push(1));
    await ends.turn();
    ends.client.read(ends.toClient.splice(0));
    ends.client.link.acknowledge();
    await ends.settle();
    expect(taken).toEqual([1]);
  });
});

describe('credit', () => {
  it('lets no more calls and bytes be under way than the peer allowed', async () => {
    const ends = new TwoEnds({ serverWindow: { calls: 3, bytes: 1000 } });
    for (let n = 1; n <= 5; n++) ends.client.link.send(numbered(n), 1, true);
    await ends.settle();
    expect(ends.server.received).toEqual([1, 2, 3]);
    expect(ends.client.link.queued).toBe(2);
    ends.server.link.consumed(1, numbered(1).length);
    await ends.settle();
    expect(ends.server.received).toEqual([1, 2, 3, 4]);
  });

  it('counts bytes too', async () => {
    const size = numbered(1, 100).length;
    const ends = new TwoEnds({ serverWindow: { calls: 100, bytes: size * 2 } });
    for (let n = 1; n <= 3; n++) ends.client.link.send(numbered(n, 100), 1, true);
    await ends.settle();
    expect(ends.server.received).toEqual([1, 2]);
    expect(ends.client.link.pendingBytes).toBe(size * 3);
    ends.server.link.consumed(1, size);
    await ends.settle();
    expect(ends.server.received).toEqual([1, 2, 3]);
  });

  it('is not needed by what must never wait, which overtakes what does', async () => {
    const ends = new TwoEnds({ serverWindow: { calls: 1, bytes: 1000 } });
    for (let n = 1; n <= 3; n++) ends.client.link.send(numbered(n), 1, true);
    for (let n = 4; n <= 6; n++) ends.client.link.send(numbered(n, 400), 0, false);
    await ends.settle();
    expect(ends.server.received).toEqual([1, 4, 5, 6]);
  });

  it('is given in the order of asking: a small message does not overtake a large one', async () => {
    const small = numbered(1).length;
    const ends = new TwoEnds({ serverWindow: { calls: 10, bytes: small * 2 + 600 } });
    ends.client.link.send(numbered(1, 600), 1, true);
    ends.client.link.send(numbered(2, 600), 1, true);
    ends.client.link.send(numbered(3), 1, true);
    await ends.settle();
    expect(ends.server.received).toEqual([1]);
    ends.server.link.consumed(1, numbered(1, 600).length);
    await ends.settle();
    expect(ends.server.received).toEqual([1, 2, 3]);
  });

  it('comes with beats, where the acknowledgement that brought it was lost', async () => {
    const ends = new TwoEnds({ serverWindow: { calls: 1, bytes: 1000 } });
    ends.client.link.send(numbered(1), 1, true);
    ends.client.link.send(numbered(2), 1, true);
    await ends.settle();
    ends.server.link.consumed(1, numbered(1).length);
    await ends.turn();
    ends.toClient.length = 0;
    await ends.beat();
    expect(ends.server.received).toEqual([1, 2]);
  });

  it('is not given twice by an allowance that is repeated or late', async () => {
    const ends = new TwoEnds({ serverWindow: { calls: 1, bytes: 1000 } });
    for (let n = 1; n <= 4; n++) ends.client.link.send(numbered(n), 1, true);
    await ends.settle();
    ends.server.link.consumed(1, numbered(1).length);
    await ends.turn();
    const credit = ends.toClient.splice(0);
    ends.client.read([...credit, ...credit]);
    await ends.settle();
    ends.client.read(credit);
    await ends.settle();
    expect(ends.server.received).toEqual([1, 2]);
  });

  it('comes back from a message that was withdrawn before it left', async () => {
    const ends = new TwoEnds({ serverWindow: { calls: 1, bytes: 1000 } });
    const first = ends.client.link.send(numbered(1), 1, true);
    ends.client.link.send(numbered(2), 1, true);
    expect(ends.client.link.withdraw(first)).toBe(true);
    expect(ends.client.link.withdraw(first)).toBe(true);
    await ends.settle();
    expect(ends.server.received).toEqual([2]);
  });

  it('goes to those behind a blocked message that was withdrawn', async () => {
    const ends = new TwoEnds({ serverWindow: { calls: 10, bytes: 200 } });
    ends.client.link.send(numbered(1), 1, true);
    const large = ends.client.link.send(numbered(2, 500), 1, true);
    ends.client.link.send(numbered(3), 1, true);
    await ends.settle();
    expect(ends.server.received).toEqual([1]);
    expect(ends.client.link.withdraw(large)).toBe(true);
    await ends.settle();
    expect(ends.server.received).toEqual([1, 3]);
    expect(ends.client.link.queued).toBe(0);
  });

  it('is not taken back by a message that has left', async () => {
    const ends = new TwoEnds();
    const sent = ends.client.link.send(numbered(1), 1, true);
    await ends.turn();
    expect(ends.client.link.withdraw(sent)).toBe(false);
    await ends.settle();
    expect(ends.server.received).toEqual([1]);
  });
});

describe('a link that may not write', () => {
  it('sends nothing again, and asks for nothing, until it may', async () => {
    const ends = new TwoEnds();
    ends.client.link.send(numbered(1), 1, true);
    await ends.turn();
    ends.toServer.length = 0;
    ends.client.mayWrite = false;
    ends.client.link.resend();
    ends.client.link.request();
    await ends.turn();
    expect(ends.toServer).toEqual([]);
    ends.client.mayWrite = true;
    ends.client.link.resend();
    ends.client.link.request();
    await ends.turn();
    expect(frames(ends.toServer)).toEqual([[1]]);
    expect(gapsIn(ends.toServer)).toEqual([1]);
  });

  it.each(['first', 'again'])('stops between two frames, when they leave %s', async (when) => {
    const written: number[] = [];
    let left = when === 'first' ? 2 : 5;
    const link = new Link({
      session: 'c.1',
      window: { calls: 0, bytes: 0 },
      write: (lane, bytes) => {
        if (lane === 'frames') written.push(bytes.length);
        left--;
        return true;
      },
      mayWrite: () => left > 0,
      deliver: () => undefined,
      onBroken: () => undefined,
    });
    link.allow({ calls: 100, bytes: 10_000_000 });
    for (let n = 1; n <= 3; n++) link.send(numbered(n, 600_000), 1, true);
    await new Promise((resolve) => setImmediate(resolve));
    link.resend();
    await new Promise((resolve) => setImmediate(resolve));
    // Three leave once; then as many again as there are left.
    expect(written).toHaveLength(when === 'first' ? 2 : 5);
    expect(link.queued).toBe(when === 'first' ? 1 : 0);
    link.close();
  });
});

describe('the age of a message', () => {
  let monotonic = 0;

  beforeEach(() => {
    monotonic = 0;
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
    jest.spyOn(performance, 'now').mockImplementation(() => monotonic);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const pass = (ms: number, ends: TwoEnds): void => {
    ends.now += ms;
    monotonic += ms;
    jest.advanceTimersByTime(ms);
  };

  it('is the time since it was queued, whenever it left', async () => {
    const ends = new TwoEnds();
    ends.client.mayWrite = false;
    ends.client.link.send(numbered(1), 1, true);
    await ends.turn();
    pass(300, ends);
    ends.client.mayWrite = true;
    ends.client.link.resend();
    await ends.settle();
    expect(ends.server.ages).toEqual([300]);
  });

  it('is carried by the frame that is sent again', async () => {
    const ends = new TwoEnds();
    ends.client.link.send(numbered(1), 1, true);
    await ends.turn();
    ends.toServer.length = 0;
    pass(250, ends);
    ends.client.link.resend();
    await ends.settle();
    expect(ends.server.ages).toEqual([250]);
  });

  it('counts the time in the inbox, by the clock of the medium', async () => {
    const ends = new TwoEnds();
    ends.client.link.send(numbered(1), 1, true);
    await ends.turn();
    pass(40, ends);
    ends.server.read(ends.toServer.splice(0), ends.now - 40);
    expect(ends.server.ages).toEqual([40]);
  });

  it('counts the time that it waited for credit, also where something younger leaves in front of it', async () => {
    const ends = new TwoEnds({ serverWindow: { calls: 1, bytes: 1000 } });
    ends.client.link.send(numbered(1), 1, true);
    ends.client.link.send(numbered(2), 1, true);
    await ends.settle();
    pass(400, ends);
    ends.client.link.send(numbered(3), 0, false);
    ends.client.link.allow({ calls: 2, bytes: 1000 });
    await ends.settle();
    expect(ends.server.received).toEqual([1, 3, 2]);
    expect(ends.server.ages).toEqual([0, 0, 400]);
  });

  it('is not shared by messages that were queued far apart', async () => {
    const ends = new TwoEnds();
    ends.client.mayWrite = false;
    ends.client.link.send(numbered(1), 1, true);
    await ends.turn();
    pass(200, ends);
    ends.client.link.send(numbered(2), 1, true);
    await ends.turn();
    ends.client.mayWrite = true;
    ends.client.link.resend();
    await ends.settle();
    expect(ends.server.received).toEqual([1, 2]);
    expect(ends.server.ages).toEqual([200, 0]);
  });
});
