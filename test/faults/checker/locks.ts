import type { VaultEntry } from '../workers/src/vault.js';
import { serverOf, type Facts, type HoldStory, type Past, type Violation } from './past.js';

/** Ms between the end of a session and what its owner does, by clocks that are one: for the writing of it. */
const SLACK = 250;

/** Nobody has a lock at the same time as another, and nothing that is guarded takes an older owner after a newer. */
export function checkLocks(past: Past, { vault }: Facts): Violation[] {
  return [...checkVault(past, vault), ...checkFences(past), ...checkExclusion(past), ...checkActs(past)];
}

function violation(rule: string, text: string, at: number, ...stories: (HoldStory | undefined)[]): Violation {
  const about = stories.flatMap((story) => (story ? [story.wanted.hold, story.wanted.by] : []));
  return { rule, text, at, about };
}

function checkVault(past: Past, vault: readonly VaultEntry[]): Violation[] {
  const violations: Violation[] = [];
  const newest = new Map<string, VaultEntry>();
  for (const entry of vault) {
    const { lock, hold, fence, accepted } = entry;
    const story = past.holds.get(hold);
    const at = story?.letGo?.at ?? story?.held?.at ?? 0;
    const before = newest.get(lock);
    if (accepted && before && before.fence > fence) {
      const text = `"${lock}": ${hold} wrote under fence ${fence} after ${before.hold} had under ${before.fence}.`;
      violations.push(violation('no older fence is accepted', text, at, story, past.holds.get(before.hold)));
    }
    if (accepted) newest.set(lock, entry);
    // It held the lock to the end, by its own account: nobody else can have had it meanwhile.
    if (!accepted && story?.letGo && story.letGo.error === undefined) {
      const text = `"${lock}": ${hold} was refused under fence ${fence}, and told that it had the lock all the time.`;
      violations.push(
        violation('who has the lock is not refused', text, at, story, past.holds.get(before?.hold ?? '')),
      );
    }
  }
  return violations;
}

/** A fence belongs to one hold, and later holds have larger ones. */
function checkFences(past: Past): Violation[] {
  const violations: Violation[] = [];
  for (const holds of byLock(past).values()) {
    const owners = new Map<string, HoldStory>();
    for (const story of holds) {
      const fence = story.held?.fence;
      if (fence === undefined) continue;
      const other = owners.get(fence);
      if (other) {
        const text = `"${story.wanted.lock}": ${story.wanted.hold} and ${other.wanted.hold} both have fence ${fence}.`;
        violations.push(violation('a fence is one hold', text, story.held?.at ?? 0, story, other));
      }
      owners.set(fence, story);
    }
    const done = holds.filter(({ letGo, held }) => letGo && held).toSorted((a, b) => endOf(a) - endOf(b));
    let newest: HoldStory | undefined;
    let next = 0;
    for (const story of holds) {
      while (next < done.length && endOf(done[next] as HoldStory) < story.wanted.at) {
        const ended = done[next++] as HoldStory;
        if (!newest || fenceOf(ended) > fenceOf(newest)) newest = ended;
      }
      if (!newest || !story.held || fenceOf(story) > fenceOf(newest)) continue;
      const text = `"${story.wanted.lock}": ${story.wanted.hold} got fence ${story.held.fence} after ${newest.wanted.hold} was done with ${newest.held?.fence}.`;
      violations.push(violation('fences grow', text, story.held.at, story, newest));
    }
  }
  return violations;
}

/** Of holds that went well to their ends, no two are at the same time. */
function checkExclusion(past: Past): Violation[] {
  const violations: Violation[] = [];
  for (const holds of byLock(past).values()) {
    const whole = holds
      .filter(({ held, letGo }) => held && letGo && letGo.error === undefined)
      .toSorted((a, b) => (a.held?.at ?? 0) - (b.held?.at ?? 0));
    let before: HoldStory | undefined;
    for (const story of whole) {
      if (before && story.held && story.held.at < lastOf(before)) {
        const text = `"${story.wanted.lock}": ${story.wanted.hold} had it while ${before.wanted.hold} did.`;
        violations.push(violation('one owner at a time', text, story.held.at, story, before));
      }
      if (!before || lastOf(story) > lastOf(before)) before = story;
    }
  }
  return violations;
}

/** Who looks before it acts does nothing after its session ended. */
function checkActs(past: Past): Violation[] {
  const violations: Violation[] = [];
  for (const story of past.holds.values()) {
    const { held, acts, wanted } = story;
    if (!held) continue;
    const server = wanted.lock.slice(wanted.lock.indexOf(' ') + 1);
    for (const { at } of acts) {
      const lost = past.ended.find(
        (ended) =>
          ended.application === wanted.by &&
          ended.reason === 'expired' &&
          serverOf(ended.by) === server &&
          ended.at > held.at &&
          ended.at < at - SLACK,
      );
      if (!lost || past.woken(wanted.by, at)) continue;
      const text = `"${wanted.lock}": ${wanted.hold} acted ${Math.round(at - lost.at)} ms after its session had ended.`;
      violations.push(violation('nobody acts on a lease that is over', text, at, story));
    }
  }
  return violations;
}

function byLock(past: Past): Map<string, HoldStory[]> {
  const locks = new Map<string, HoldStory[]>();
  for (const story of past.holds.values()) {
    const holds = locks.get(story.wanted.lock) ?? [];
    locks.set(story.wanted.lock, holds);
    holds.push(story);
  }
  return locks;
}

/** When it surely still had it: only after that did it let go, and only then could the server give it to the next. */
function lastOf({ acts, held }: HoldStory): number {
  return acts.at(-1)?.at ?? held?.at ?? 0;
}

function endOf({ letGo }: HoldStory): number {
  return letGo?.at ?? Infinity;
}

function fenceOf({ held }: HoldStory): bigint {
  return BigInt(held?.fence ?? 0);
}
