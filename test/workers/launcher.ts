// A process that starts a manager server of its own.
import { startManager, type StartedManager, type StartOptions } from 'nestjs-manager';
import { serve, workerOptions } from './protocol.js';

const manager: StartedManager = await startManager(workerOptions<StartOptions>());

const commands = {
  started: () => ({ address: manager.address, pid: manager.pid }),
  shutdown: () => manager.shutdown(),
};
export type LauncherCommands = typeof commands;
serve(commands);
