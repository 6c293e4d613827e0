// A rule or a type error that is silenced says why: `// oxlint-disable-next-line rule -- reason`, `// @ts-expect-error reason`.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const silenced = /(?:oxlint|eslint)-disable(?!.*--\s*\S)|@ts-(?:ignore|nocheck)|@ts-expect-error\s*(?:\*\/)?\s*$/;
const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.mjs', '*.cjs'],
  {
    encoding: 'utf8',
  },
);
const found = files
  .split('\n')
  .filter((file) => file && existsSync(file) && file !== 'tools/check-disables.mjs')
  .flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line, index) => ({ line, at: `${file}:${index + 1}` }))
      .filter(({ line }) => silenced.test(line)),
  );
for (const { at, line } of found) console.log(`${at}: silenced without a reason: ${line.trim()}`);
process.exit(found.length > 0 ? 1 : 0);
