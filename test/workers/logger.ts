import type { LoggerService } from '@nestjs/common';
import { tell } from './protocol.js';

/** Nest's log goes to the test. */
export class ReportingLogger implements LoggerService {
  log(message: unknown): void {
    tell({ kind: 'log', level: 'log', text: String(message) });
  }
  warn(message: unknown): void {
    tell({ kind: 'log', level: 'warn', text: String(message) });
  }
  error(message: unknown, stack?: string): void {
    tell({ kind: 'log', level: 'error', text: `${String(message)}${stack ? `\n${stack}` : ''}` });
  }
  debug(message: unknown): void {
    tell({ kind: 'log', level: 'debug', text: String(message) });
  }
}
