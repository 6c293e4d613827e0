import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './case.js';
import type { System } from './system.js';

/** A case or a system is added by adding its file: the folders are the registry. */
const names = (folder: string): string[] =>
  readdirSync(join(import.meta.dirname, folder))
    .filter((file) => file.endsWith('.js'))
    .map((file) => file.slice(0, -'.js'.length))
    .sort();

export const caseNames = (): string[] => names('cases');
export const systemNames = (): string[] => names('systems');

export const loadCase = async (name: string): Promise<Case> =>
  ((await import(`./cases/${name}.js`)) as { default: Case }).default;

export const loadSystem = async (name: string): Promise<System> =>
  ((await import(`./systems/${name}.js`)) as { default: System }).default;
