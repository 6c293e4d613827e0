import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A page taken apart: its prose with code blanked out, its fenced blocks, its hidden set-up for checked code. */
export function readPage(path) {
  const lines = readFileSync(path, 'utf8').split('\n');
  const prose = [];
  const blocks = [];
  const setup = [];
  let block;
  let inSetup = false;
  lines.forEach((line, index) => {
    const fence = /^\s*(`{3,}|~{3,})(.*)$/.exec(line);
    if (block) {
      if (fence && fence[1].startsWith(block.fence) && fence[2].trim() === '') block = undefined;
      else block.lines.push(line);
      prose.push('');
    } else if (inSetup) {
      if (line.trim() === '-->') inSetup = false;
      else setup.push({ line, index });
      prose.push('');
    } else if (fence) {
      block = { fence: fence[1], info: fence[2].trim(), start: index + 1, lines: [] };
      blocks.push(block);
      prose.push('');
    } else if (line.trim() === '<!-- ts setup') {
      inSetup = true;
      prose.push('');
    } else {
      prose.push(line);
    }
  });
  return { path, prose, blocks, setup };
}

/** Paths of all markdown files below a folder, sorted. */
export function markdownBelow(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
    .sort();
}

/** `{ level, text, line }` of each heading. */
export function headingsOf(page) {
  return page.prose.flatMap((line, index) => {
    const heading = /^(#{1,6})\s+(.+?)\s*#*\s*$/.exec(line);
    return heading ? [{ level: heading[1].length, text: heading[2], line: index + 1 }] : [];
  });
}

/**
 * Each table: the heading it stands below, the line of its first row, and its rows; code in a cell keeps its quotes.
 */
export function tablesOf(page) {
  const tables = [];
  const headings = headingsOf(page);
  let table;
  page.prose.forEach((line, index) => {
    if (!line.startsWith('|')) {
      table = undefined;
      return;
    }
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (table) table.rows.push(cells);
    else {
      const heading = headings.findLast(({ line: at }) => at <= index);
      tables.push((table = { heading: heading?.text ?? '', line: index + 1, head: cells, rows: [] }));
    }
  });
  // The first row below the head is the rule.
  for (const { rows } of tables) rows.shift();
  return tables;
}

/** The anchors a page has, named as GitHub names them, and those given by `id` or `name`. */
export function anchorsOf(page) {
  const anchors = new Set();
  const seen = new Map();
  for (const { text } of headingsOf(page)) {
    const slug = slugOf(text);
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  for (const line of page.prose) {
    for (const [, id] of line.matchAll(/<[a-z]+[^>]*\s(?:id|name)="([^"]+)"/gi)) anchors.add(id);
  }
  return anchors;
}

function slugOf(heading) {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]+>/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

/** `{ target, line }` of each link and image, in all of markdown's and HTML's forms that we use. */
export function linksOf(page) {
  return page.prose.flatMap((text, index) => {
    const plain = text.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, (code) => ' '.repeat(code.length));
    const targets = [
      ...plain.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+["'][^)]*)?\)/g),
      ...plain.matchAll(/^\s*\[[^\]]+\]:\s*<?([^\s>]+)/g),
      ...plain.matchAll(/<[a-z]+[^>]*\s(?:href|src)="([^"]+)"/gi),
    ];
    return targets.map(([, target]) => ({ target, line: index + 1 }));
  });
}
