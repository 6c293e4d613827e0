import type { KnownHolder, Leak } from './leaks.js';

/** Objects that are told in full. */
const TOLD = 30;
/** Holders of one object that are told. */
const HOLDERS = 10;

/** What leaks, for whoever has to find what was not released. */
export function leakReport(leaks: readonly Leak[], within: number, now: number): string {
  const many = leaks.length === 1 ? '1 object is' : `${leaks.length} objects are`;
  const told = leaks.slice(0, TOLD).map((leak) => describeLeak(leak, now));
  if (leaks.length > TOLD) told.push(`… and ${leaks.length - TOLD} more.`);
  return [
    `${many} still held after ${within} ms. Release proxies with \`await using\` or manager.release(proxy), or say with \`ignore\` what may stay.`,
    ...told,
  ].join('\n\n');
}

function describeLeak(leak: Leak, now: number): string {
  const { typeid, id, name, server, generation, createdAt, preview, holders } = leak;
  const title = name === undefined ? `${typeid} #${id}` : `${typeid} #${id} "${name}"`;
  const lines = holders.slice(0, HOLDERS).map((holder) => `    ${describeHolder(holder, now)}`);
  if (holders.length > HOLDERS) lines.push(`    … and ${holders.length - HOLDERS} more.`);
  if (holders.length === 0) lines.push('    Nobody, by now.');
  return [`  ${title} at ${server}/${generation}, ${age(createdAt, now)} old: ${preview}`, ...lines].join('\n');
}

function describeHolder(holder: KnownHolder, now: number): string {
  const { since, lines = [] } = holder;
  const from = lines.length > 0 ? `, from ${lines.join(', ')}` : '';
  return `${who(holder)}${since === undefined ? '' : `, for ${age(since, now)}`}${from}`;
}

function who(holder: KnownHolder): string {
  const { kind, application, session, object } = holder;
  const by = object && `${object.typeid} #${object.id}${object.name === undefined ? '' : ` "${object.name}"`}`;
  switch (kind) {
    case 'session':
      if (holder.own) return holder.lasting ? 'this application, as injected' : 'this application';
      return `the application "${application}" on ${holder.host} (${holder.pid}), session ${session}`;
    case 'name':
      return `its name "${holder.name}"`;
    case 'object':
      return `kept by ${by}`;
    case 'iterator':
      return `an open iterator, ${by}`;
    case 'call':
      if (holder.running !== undefined) return `${holder.running} running calls of it`;
      return `lent to ${by ? `${by}, which runs ` : ''}${holder.method}() for "${application}"`;
    case 'ticket':
      return `a ticket made for "${application}"`;
    case 'server':
      return 'code of the server';
  }
}

function age(since: number, now: number): string {
  const ms = Math.max(0, Math.round(now - since));
  if (ms < 1000) return `${ms} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}
