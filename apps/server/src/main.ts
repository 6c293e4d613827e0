#!/usr/bin/env node
import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { ModuleLoadError } from './module-loader.js';
import { runServer } from './run-server.js';
import { readSettings, SettingsError, unknownSettings } from './settings.js';

try {
  const settings = readSettings(process.env);
  for (const name of unknownSettings(process.env)) console.error(`${name} is no setting of this server: ignored.`);
  process.exit(await runServer(settings));
} catch (error) {
  if (error instanceof SettingsError || error instanceof ModuleLoadError) {
    for (const problem of error.problems) console.error(problem);
  } else {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    new Logger('Server').error(`The server did not start: ${message}`, stack);
  }
  process.exit(1);
}
