import type { Facts, Past, Violation } from './past.js';

/** Ms between the end of a session and an answer that was taken, by clocks that are one: for the writing of it. */
const SLACK = 250;
const GONE = new Set(['ObjectLostError', 'SessionExpiredError']);

/** Nobody takes an answer after its lease; none is lost without a reason; nothing breaks, and nothing stays behind. */
export function checkSessions(past: Past, { lease, remains }: Facts): Violation[] {
  const violations: Violation[] = [];
  const say = (rule: string, text: string, at: number, about: string[]): void =>
    void violations.push({ rule, text, at, about });
  const end = past.events.at(-1)?.at ?? 0;

  const expiries = new Map(past.ended.filter(({ reason }) => reason === 'expired').map((one) => [one.session, one]));
  for (const { called, end: answer, runs } of past.calls.values()) {
    const [run] = runs;
    const expired = expiries.get(run?.session ?? '');
    if (answer?.kind !== 'answered' || !expired || answer.at < expired.at + SLACK) continue;
    if (past.woken(called.by, answer.at)) continue;
    const text = `${called.call} took an answer ${Math.round(answer.at - expired.at)} ms after its session had ended.`;
    say('nobody acts on a lease that is over', text, answer.at, [called.call, called.by, expired.session]);
  }

  for (const { at, application, session, reason, by } of past.ended) {
    if (reason === 'protocol' || reason === 'refused') {
      const text = `Session ${session} of ${application} ended: ${reason}.`;
      say('nobody breaks the protocol', text, at, [session, application, by]);
    }
    if (reason !== 'expired') continue;
    const within = { from: at - 2 * lease, to: at };
    const over = past.over.get(application);
    const lagged = past.lags.some((lag) => lag.at >= within.from && lag.at <= at + lease);
    if (past.troubled(within) || lagged || (over && over.at < at)) continue;
    const text = `Session ${session} of ${application} expired though nothing had gone wrong.`;
    say('no lease ends without a reason', text, at, [session, application, by]);
  }

  for (const { called, end: failure } of past.calls.values()) {
    if (called.of === undefined || failure?.kind !== 'failed' || !GONE.has(failure.error.class)) continue;
    const within = { from: past.calls.get(called.of)?.called.at ?? called.at, to: failure.at };
    const session = past.ended.some(
      ({ application, at }) => application === called.by && at >= within.from && at <= within.to,
    );
    const long = past.troubled({ from: within.from - lease, to: within.to }, lease / 2);
    if (session || long || past.serverEnded(within)) continue;
    const text = `${called.call}: a reference that was held was gone: ${failure.error.message}`;
    say('what is held stays', text, failure.at, [called.call, called.of, called.by]);
  }

  for (const event of past.events) {
    if (event.kind === 'trouble') say('nothing breaks', `${event.by}: ${event.text}`, event.at, [event.by]);
    if (event.kind === 'log' && event.level === 'error' && !/now belongs to generation/.test(event.text)) {
      say('nothing breaks', `${event.by} logged: ${event.text}`, event.at, [event.by]);
    }
  }
  for (const what of remains) say('all is as before in the end', what, end, []);
  return violations;
}
