import autocannon from 'autocannon';
import type { VisitAnswer } from '../web/visits.controller.js';
import type { Web } from './cluster.js';

export interface Load {
  /** Requests at each instance. */
  requests: number;
  /** Connections to each instance. */
  connections: number;
  /** Where requests come from, taken in turn. */
  addresses: readonly string[];
}

/** What came back. */
export interface LoadResult {
  answered: number;
  allowed: number;
  /** Anything but 200 and 429, and requests that had no answer. */
  failed: number;
  seconds: number;
  /** Numbers of visits, as they were given out. */
  visits: number[];
  byAddress: Map<string, { allowed: number; refused: number }>;
  /** Requests that each instance answered. */
  byInstance: Map<string, number>;
}

/** Sends requests to all instances at once. */
export async function drive(webs: readonly Web[], load: Load): Promise<LoadResult> {
  const result: LoadResult = {
    answered: 0,
    allowed: 0,
    failed: 0,
    seconds: 0,
    visits: [],
    byAddress: new Map(load.addresses.map((address) => [address, { allowed: 0, refused: 0 }])),
    byInstance: new Map(),
  };
  const since = performance.now();
  const runs = await Promise.all(webs.map((web) => run(web, load, (status, body) => count(result, status, body))));
  result.seconds = (performance.now() - since) / 1000;
  result.failed += runs.reduce((sum, { errors }) => sum + errors, 0);
  return result;
}

function run(
  { url }: Web,
  { requests, connections, addresses }: Load,
  onResponse: (status: number, body: string) => void,
): Promise<autocannon.Result> {
  return autocannon({
    url: `${url}/api/visits`,
    method: 'POST',
    amount: requests,
    connections,
    requests: addresses.map((address) => ({ headers: { 'x-forwarded-for': address }, onResponse })),
  });
}

function count(result: LoadResult, status: number, body: string): void {
  result.answered++;
  if (status !== 200 && status !== 429) {
    result.failed++;
    return;
  }
  const { address, instance, visit } = JSON.parse(body) as VisitAnswer;
  result.byInstance.set(instance, (result.byInstance.get(instance) ?? 0) + 1);
  const tally = result.byAddress.get(address) ?? { allowed: 0, refused: 0 };
  result.byAddress.set(address, tally);
  if (status === 429) tally.refused++;
  else {
    tally.allowed++;
    result.allowed++;
    result.visits.push(visit ?? Number.NaN);
  }
}
