import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

const coloured = process.stdout.isTTY && !process.env['NO_COLOR'];
const started = performance.now();

/** Coloured where a person looks at it. */
export function paint(format: Format, text: string): string {
  return coloured ? styleText(format, text) : text;
}

/** A line that says what is being done. */
export function progress(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${paint('dim', `${seconds.padStart(5)} s`)}  ${text}`);
}

/** Further lines on what was just said. */
export function detail(...lines: string[]): void {
  for (const line of lines) console.log(`         ${line}`);
}

/** 1234 as 1,234. */
export function count(value: number): string {
  return value.toLocaleString('en');
}

/** Columns as wide as their widest cell. The first row is the head. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row, index) => {
    const line = row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd();
    return index === 0 ? paint('dim', line) : line;
  });
}
