import type { CallStory, Past, Violation } from './past.js';

/** Ms of its own running that a process may take to notice that a call is out of time. */
const SLACK = 1500;
/** Errors of ours that a method throws: it ran, and that is no question of fate. */
const THROWN = new Set(['QueueEmptyError', 'QueueFullError', 'QueueShutDownError', 'StateError', 'BrokenBarrierError']);
const FATES = new Set(['not-executed', 'executed', 'unknown']);
/** Nobody here says what cannot be said; so nobody may be told so. */
const NEVER = new Set(['ProtocolError', 'AuthenticationError', 'ConfigurationError', 'EncodingError']);

/** Each call runs at most once, is told the truth, and is told it in time. */
export function checkCalls(past: Past): Violation[] {
  const violations: Violation[] = [];
  for (const story of past.calls.values()) {
    const { called } = story;
    const say = (rule: string, text: string): void => {
      const at = story.end?.at ?? story.runs.at(-1)?.at ?? called.at;
      const sessions = story.runs.map(({ session }) => session);
      violations.push({ rule, text, at, about: [called.call, called.by, ...sessions] });
    };
    checkEnd(past, story, say);
    if (called.what === 'count') checkRuns(story, say);
  }
  return violations;
}

function checkEnd(past: Past, { called, end }: CallStory, say: (rule: string, text: string) => void): void {
  const what = `The call ${called.call} (${called.what})`;
  if (!end) {
    if (!past.killed(called.by)) say('every call ends', `${what} never ended.`);
    return;
  }
  if (called.timeout > 0 && end.ran > called.timeout + SLACK) {
    const ran = Math.round(end.ran);
    say('no call outlasts its timeout', `${what} had ${called.timeout} ms and ended after ${ran} ms.`);
  }
  if (end.kind === 'answered') return;
  const { class: name, ours, fate, message } = end.error;
  if (!ours || NEVER.has(name)) {
    say('failures are typed', `${what} failed with an error that no fault explains: ${name}: ${message}`);
  } else if (!THROWN.has(name) && !FATES.has(fate ?? '')) {
    say('failures have a fate', `${what} failed without one: ${name}: ${message}`);
  }
}

function checkRuns({ called, end, runs }: CallStory, say: (rule: string, text: string) => void): void {
  const what = `The call ${called.call}`;
  const [run] = runs;
  if (runs.length > 1) {
    const where = runs.map(({ object, value }) => `${object} (${value})`).join(' and ');
    say('a call runs at most once', `${what} ran ${runs.length} times: at ${where}.`);
  }
  if (end?.kind === 'answered' && !run) say('what was acknowledged ran', `${what} was answered and never ran.`);
  else if (end?.kind === 'answered' && run?.value !== end.value) {
    say('answers are those of the call', `${what} gave ${run?.value} and was answered ${String(end.value)}.`);
  }
  if (end?.kind !== 'failed') return;
  if (end.error.fate === 'not-executed' && run) {
    say('what is said of a call is true', `${what} failed as not executed, and ran: ${end.error.message}`);
  }
  if (end.error.fate === 'executed' && !run) {
    say('what is said of a call is true', `${what} failed as executed, and never ran: ${end.error.message}`);
  }
}

/** The calls that a session makes to one object start as they were made. */
export function checkOrder(past: Past): Violation[] {
  const violations: Violation[] = [];
  const last = new Map<string, { call: string; number: number }>();
  for (const event of past.events) {
    if (event.kind !== 'ran' || event.late || past.calls.get(event.call)?.called.what !== 'count') continue;
    const line = `${event.session} ${event.object}`;
    const number = Number(event.call.slice(event.call.indexOf('#') + 1));
    const before = last.get(line);
    if (before && before.number > number) {
      violations.push({
        rule: 'calls start as they were made',
        text: `${event.call} started after ${before.call}, which was made later in the same session.`,
        at: event.at,
        about: [event.call, before.call, event.session],
      });
    }
    last.set(line, { call: event.call, number });
  }
  return violations;
}

/** A server starts no call once another has its name. */
export function checkZombies(past: Past): Violation[] {
  const violations: Violation[] = [];
  for (const old of past.listening) {
    const next = past.listening.find(({ server, generation }) => server === old.server && generation > old.generation);
    if (!next) continue;
    for (const event of past.events) {
      if (event.kind !== 'ran' || event.late || event.by !== old.by || event.at <= next.at) continue;
      violations.push({
        rule: 'who lost its name starts nothing',
        text: `${event.call} was started by generation ${old.generation} of "${old.server}" after generation ${next.generation} had its name.`,
        at: event.at,
        about: [event.call, old.by, next.by],
      });
    }
  }
  return violations;
}
