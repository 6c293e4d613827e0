import Table from 'cli-table3';
import type { Measured } from './results.js';

const RIGHT = { hAlign: 'right' } as const;

/** One line for each system in a cell of the bench; the last column is what `base` does for each one of the other. */
export function renderTable(measured: Measured[], base: string): string {
  const head = ['case', 'callers', 'system', 'per second', 'spread', 'p50 µs', 'p99 µs', `${base} / it`];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const [index, cell] of groups(measured, base).entries()) {
    const ours = cell.find(({ row }) => row.system === base)?.row.perSecond;
    if (index > 0) table.push([{ content: '', colSpan: head.length }]);
    for (const { row, usedCallers, spread } of cell) {
      const numbers = [
        count(row.perSecond),
        spread === 0 ? '' : `-${(spread * 100).toFixed(0)}%`,
        count(row.p50Us),
        count(row.p99Us),
        ours === undefined || row.system === base ? '' : `${(ours / row.perSecond).toFixed(2)}x`,
      ];
      table.push([
        row.case,
        { content: usedCallers === undefined ? row.callers : `${row.callers} (${usedCallers})`, ...RIGHT },
        row.system,
        ...numbers.map((content) => ({ content, ...RIGHT })),
      ]);
    }
  }
  return table.toString();
}

/** Grouped by what was measured; `base` first. */
function groups(measured: Measured[], base: string): Measured[][] {
  const cells = new Map<string, Measured[]>();
  for (const one of measured) {
    const key = `${one.row.case} ${one.row.callers}`;
    const cell = cells.get(key) ?? [];
    cells.set(key, one.row.system === base ? [one, ...cell] : [...cell, one]);
  }
  return [...cells.values()];
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US');
