import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { until } from '../support/until.js';
import { LEASE, Scene } from './scene.js';
import { Vault } from './workers/src/vault.js';

jest.setTimeout(90_000);

describe('a server that comes back after another took its name', () => {
  it.concurrent('runs user code to its end, and what checks fences refuses that', async () => {
    await using scene = await Scene.open();
    const { url } = await scene.another();
    const zombie = await scene.host({ vault: url });
    const actor = await scene.actor();
    const key = await actor.ask('get', 'Clerk', 'the clerk');
    expect(await actor.ask('call', key, 'write', 'before', 0)).toBe(true);
    const under = actor.ask('call', key, 'write', 'too late', 1500).catch((error: unknown) => error);
    // Made later, on the same object: it is answered once the other has begun.
    await actor.ask('call', key, 'write', 'meanwhile', 0);
    zombie.pause();

    const successor = await scene.host({ vault: url });
    expect(await under).toMatchObject({ class: 'ObjectLostError', fate: 'unknown' });
    await until(
      () => actor.ask('call', key, 'write', 'after', 0).catch(() => false),
      (written) => written === true,
      { within: 5 * LEASE },
    );
    zombie.resume();
    await until(
      () => zombie.logged(/now belongs to generation/),
      (logged) => logged,
      { within: 5 * LEASE },
    );

    const vault = new Vault(url);
    const { answer: log } = await until(
      () => vault.all(),
      (all) => all.some(({ hold }) => hold === 'too late'),
      { within: 5000 },
    );
    vault.close();
    expect(log.map(({ hold, accepted }) => [hold, accepted])).toEqual([
      ['before', true],
      ['meanwhile', true],
      ['after', true],
      ['too late', false],
    ]);
    expect(await actor.ask('call', key, 'write', 'still', 0)).toBe(true);
    expect(successor.running).toBe(true);
  });

  it.concurrent('starts none of the calls that stood in line when it was stopped', async () => {
    await using scene = await Scene.open();
    const { url } = await scene.another();
    const zombie = await scene.host({ vault: url });
    const actor = await scene.actor();
    const key = await actor.ask('get', 'LoneClerk', 'the clerk');
    const calls = Array.from({ length: 5 }, (_, n) =>
      actor.ask('call', key, 'write', `call ${n}`, 600).catch((error: unknown) => error),
    );
    const vault = new Vault(url);
    await until(
      () => vault.all(),
      (all) => all.some(({ hold }) => hold === 'call 0'),
      { within: 5000 },
    );
    // The second one is being served.
    zombie.pause();
    await scene.host({ vault: url });
    for (const outcome of (await Promise.all(calls)).slice(1)) {
      expect(outcome).toMatchObject({ class: 'ObjectLostError' });
    }
    zombie.resume();
    await until(
      () => zombie.logged(/now belongs to generation/),
      (logged) => logged,
      { within: 5 * LEASE },
    );
    await until(
      () => vault.all(),
      (all) => all.some(({ hold }) => hold === 'call 1'),
      { within: 5000 },
    );
    // As long as another one would take to be served.
    await sleep(700);
    const log = await vault.all();
    vault.close();
    expect(log.map(({ hold }) => hold)).toEqual(['call 0', 'call 1']);
  });

  it.concurrent('or after another took the names of its objects starts nothing on these', async () => {
    await using scene = await Scene.open();
    const [paused, other] = [await scene.host({ name: 'paused' }), await scene.host({ name: 'other' })];
    const [holder, heir] = await scene.actors(2);
    if (!holder || !heir) throw new Error('Somebody is missing');
    const key = await holder.ask('get', 'Tally', 'contested', 'paused');
    expect(await holder.ask('call', key, 'count', 'before')).toBe(1);
    paused.pause();
    const call = holder.ask('callWithin', key, 10 * LEASE, 'count', 'meanwhile').catch((error: unknown) => error);
    // Its claim is absent for a lease, and then the name is another's.
    const { answer: theirs } = await until(
      () => heir.ask('get', 'Tally', 'contested', 'other').catch(() => -1),
      (found) => found >= 0,
      { within: 5 * LEASE, every: 100, what: 'The name' },
    );
    expect(await heir.ask('call', theirs, 'count', 'there')).toBe(1);
    paused.resume();
    expect(await call).toMatchObject({ class: 'ObjectLostError' });
    expect(other.running).toBe(true);
    expect(await heir.ask('call', theirs, 'count', 'there')).toBe(2);
  });
});

/** An address is one server's, so nobody takes the name of one that only seems dead. */
describe('a server over a socket', () => {
  it.concurrent.each(['on the machine', 'by a way over TCP'])(
    'that was killed, and its successor at the address: who reached it %s is told, and names go on with new objects',
    async (how) => {
      await using scene = await Scene.open({ over: 'a socket' });
      const host = await scene.host();
      const actor = await scene.actor(how === 'on the machine' ? {} : { at: (await scene.way()).url });
      actor.patience = 60_000;
      const own = await actor.ask('create', 'Tally');
      const named = await actor.ask('get', 'Tally', 'named');
      expect(await actor.ask('call', named, 'count', 'before')).toBe(1);
      // Over TCP it is told when somebody else answers there: a refused connection proves nothing.
      const running = actor.ask('callWithin', own, 60_000, 'later', 'never', 90_000).catch((error: unknown) => error);
      // Made later, on the same object: it is answered once the other has begun.
      await actor.ask('call', own, 'count', 'meanwhile');
      const fence = await actor.ask('guard', 'a lock');
      await host.kill();
      await scene.host();

      expect(await running).toMatchObject({ class: 'ObjectLostError', fate: 'unknown' });
      const { notes, error } = await actor.ask('unguard');
      expect(error).toMatchObject({ class: expect.stringMatching(/^(ObjectLost|SessionExpired)Error$/) });
      expect(notes.at(-1)?.what).toBe('lost');
      const gone = { class: 'ObjectLostError', fate: 'not-executed' };
      for (const key of [own, own, named])
        await expect(actor.ask('call', key, 'count', 'after')).rejects.toMatchObject(gone);
      expect(await actor.ask('call', named, 'count', 'anew')).toBe(1);
      expect(await actor.ask('guard', 'a lock')).toBeGreaterThan(fence);
      await actor.ask('unguard');
    },
  );

  it.concurrent('that is paused keeps its address: who wants it is refused, and its sessions go on', async () => {
    await using scene = await Scene.open({ over: 'a socket' });
    const host = await scene.host();
    const actor = await scene.actor();
    const key = await actor.ask('create', 'Tally');
    const session = await actor.ask('session', key);
    host.pause();
    const other = scene.launch();
    await other.exited;
    expect(other.logged(/Did not come up: .*(listens|taken)/i)).toBe(true);
    host.resume();
    expect(await actor.ask('call', key, 'count', 'after')).toBe(1);
    expect(await actor.ask('session', key)).toBe(session);
  });
});
