import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { CensusLine } from '../web/census.service.js';
import { Checks } from './checks.js';
import { describeEnd, type Child } from './child.js';
import type { Cluster, ClusterOptions, Web } from './cluster.js';
import { drive, type LoadResult } from './load.js';
import { count, detail, progress, table } from './terminal.js';

const LEASE = 5000;
const CAPACITY = 100;
const LIMIT = 100;
const CONNECTIONS = 8;
/** Requests at each instance. */
const CROWD_REQUESTS = 1500;
const GREEDY_REQUESTS = 700;
const CROWD = Array.from({ length: 200 }, (_, index) => `203.0.113.${index + 1}`);
const GREEDY = ['198.51.100.1', '198.51.100.2', '198.51.100.3'];

export const PROOF_OPTIONS: Omit<ClusterOptions, 'medium'> = {
  instances: 3,
  lease: LEASE,
  limit: LIMIT,
  // Longer than the whole run: a new window would let more requests through, and rightly so.
  window: 120_000,
  capacity: CAPACITY,
};

/** Drives requests at the instances, kills one, stops the rest, and holds what happened to what is promised. */
export async function prove(cluster: Cluster, webs: readonly Web[]): Promise<boolean> {
  const checks = new Checks();
  const crowd = await proveCount(webs, checks);
  const total = crowd.allowed + (await proveLimit(webs, checks)).allowed;
  await proveState(webs, checks, total);
  await proveLease(webs, checks, total);
  await proveStop(cluster, checks);
  checks.print();
  return checks.held;
}

/** Many addresses, none of which comes near its limit. */
async function proveCount(webs: readonly Web[], checks: Checks): Promise<LoadResult> {
  const expected = CROWD_REQUESTS * webs.length;
  progress(`${count(expected)} visits from ${CROWD.length} addresses, at ${webs.length} instances at once`);
  const result = await drive(webs, { requests: CROWD_REQUESTS, connections: CONNECTIONS, addresses: CROWD });
  describeLoad(result);
  const distinct = new Set(result.visits);
  const { count: counted } = await first(webs).state(0);
  checks.add(
    'The shared count equals the visits answered',
    result.failed === 0 && result.allowed === expected && counted === result.allowed,
    `${count(result.allowed)} answered, ${count(counted)} counted`,
  );
  checks.add(
    'No two visits got the same number, and none is missing',
    result.allowed > 0 &&
      distinct.size === result.allowed &&
      result.visits.every((visit) => visit >= 1 && visit <= result.allowed),
    `${count(distinct.size)} different numbers from 1 to ${count(Math.max(...result.visits))}`,
  );
  return result;
}

/** Few addresses, each of which asks for far more than it may have, everywhere at once. */
async function proveLimit(webs: readonly Web[], checks: Checks): Promise<LoadResult> {
  const requests = GREEDY_REQUESTS * webs.length;
  progress(`${count(requests)} requests from ${GREEDY.length} addresses that may each visit ${LIMIT} times`);
  const result = await drive(webs, { requests: GREEDY_REQUESTS, connections: CONNECTIONS, addresses: GREEDY });
  describeLoad(result);
  for (const address of GREEDY) {
    const { allowed, refused } = result.byAddress.get(address) ?? { allowed: 0, refused: 0 };
    checks.add(
      `${address} was let in ${LIMIT} times, to the request`,
      result.failed === 0 && allowed === LIMIT && refused > LIMIT,
      `${count(allowed)} allowed, ${count(refused)} refused with 429`,
    );
  }
  return result;
}

/** Every instance sees the same. */
async function proveState(webs: readonly Web[], checks: Checks, total: number): Promise<void> {
  progress('Asking each instance for the shared state');
  const states = await Promise.all(webs.map((web) => web.state(CAPACITY * 2)));
  const counts = states.map((state) => state.count);
  checks.add(
    'All instances see the same count',
    counts.every((value) => value === total),
    counts.map(count).join(', '),
  );
  const newest = Array.from({ length: CAPACITY }, (_, index) => total - index);
  const sequences = states.map(({ log }) => log.map(({ sequence }) => sequence));
  checks.add(
    `The log holds the last ${CAPACITY} entries, everywhere the same`,
    states.every((state, index) => state.total === total && isDeepStrictEqual(sequences[index], newest)),
    `${sequences.map(({ length }) => length).join(', ')} entries, ${count(sequences[0]?.at(-1) ?? 0)} to ${count(sequences[0]?.[0] ?? 0)}`,
  );
}

/** An instance that is killed cannot give anything back; the server takes it back for it. */
async function proveLease(webs: readonly Web[], checks: Checks, total: number): Promise<void> {
  const [witness, victim, other] = webs as [Web, Web, Web];
  const before = (await witness.state(0)).census;
  progress(`Who holds what, before ${victim.name} (process ${victim.child.pid}) is killed`);
  describeCensus(before);
  checks.add(
    'Every instance holds every object',
    before.length === 3 && before.every(({ holders }) => webs.every(({ name }) => holders.includes(name))),
    `${before.length} objects, ${webs.length} holders each`,
  );

  progress(`Killing ${victim.name} with SIGKILL, and waiting until it is gone (the lease is ${LEASE} ms)`);
  const killedAt = performance.now();
  victim.child.kill();
  let after = before;
  let took = 0;
  while (took < LEASE * 2) {
    after = (await witness.state(0)).census;
    took = performance.now() - killedAt;
    if (!after.some(({ holders }) => holders.includes(victim.name))) break;
    await pause(50);
  }
  progress(`Who holds what, ${(took / 1000).toFixed(1)} s later`);
  describeCensus(after);
  const survivors = after.every(({ holders }) => [witness, other].every(({ name }) => holders.includes(name)));
  checks.add(
    'What the killed instance held was given back in its lease and 1 s',
    took <= LEASE + 1000 && survivors && after.length === before.length,
    `${(took / 1000).toFixed(2)} s`,
  );
  const next = [(await witness.visit('192.0.2.1')).visit, (await other.visit('192.0.2.1')).visit];
  checks.add(
    'The other instances go on where all had been',
    isDeepStrictEqual(next, [total + 1, total + 2]),
    `visits ${next.map((visit) => count(visit ?? Number.NaN)).join(' and ')}`,
  );
}

async function proveStop(cluster: Cluster, checks: Checks): Promise<void> {
  const { server, medium } = cluster;
  if (server) await proveServerStop(server, checks);
  await proveInstancesStop(cluster, checks);
  if ('address' in medium) await proveServerEnd(medium.address, checks);
}

/** The server first, while instances still are connected: the harder order. */
async function proveServerStop(server: Child, checks: Checks): Promise<void> {
  progress('Stopping the server, then the instances, with SIGTERM');
  const since = performance.now();
  const ended = await server.stop();
  checks.add(
    'The server closed in order',
    ended.status === 0,
    `${describeEnd(ended)} after ${((performance.now() - since) / 1000).toFixed(2)} s`,
  );
}

async function proveInstancesStop({ server, children }: Cluster, checks: Checks): Promise<void> {
  const rest = children.filter((child) => child !== server && child.running);
  const ends = await Promise.all(rest.map((child) => child.stop()));
  checks.add(
    server ? 'So did the instances' : 'The instances closed in order',
    ends.every(({ status }) => status === 0),
    rest.map(({ name }, index) => `${name}: ${describeEnd(ends[index] ?? { status: null, signal: null })}`).join(', '),
  );
}

/** Nobody stops an embedded server: it ends when nobody uses it any more. */
async function proveServerEnd(address: string, checks: Checks): Promise<void> {
  progress('Waiting for the embedded server to end, since nobody uses it any more');
  const path = address.slice('unix://'.length);
  const since = performance.now();
  let left = true;
  while (left && performance.now() - since < 10_000) {
    await pause(50);
    left = existsSync(path);
  }
  checks.add(
    'The embedded server ended by itself',
    !left,
    `after ${((performance.now() - since) / 1000).toFixed(2)} s`,
  );
}

function describeLoad({ answered, allowed, failed, seconds, byInstance }: LoadResult): void {
  const spread = [...byInstance]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, requests]) => `${name} ${count(requests)}`);
  const wrong = failed > 0 ? `, ${count(failed)} failed` : '';
  detail(
    `${count(answered)} answered in ${seconds.toFixed(1)} s (${count(Math.round(answered / seconds))}/s): ` +
      `${count(allowed)} let in, ${count(answered - allowed)} refused${wrong}`,
    `by ${spread.join(', ')}`,
  );
}

function describeCensus(census: readonly CensusLine[]): void {
  const rows = census.map(({ typeid, id, name, holders }) => [`${typeid} #${id}`, name, holders.join(', ')]);
  detail(...table([['object', 'name', 'held by'], ...rows]));
}

function first(webs: readonly Web[]): Web {
  return webs[0] as Web;
}
