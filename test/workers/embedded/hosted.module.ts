// What a server of its own process hosts: a module without ManagerServerModule.forRoot().
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { ManagerServerModule, SharedType } from 'nestjs-manager';
import { Counter } from '../types.js';

/** Tells of the process that it lives in. */
@SharedType({ waits: ['sleep'] })
export class Probe {
  pid(): number {
    return process.pid;
  }

  initializedBy(): unknown {
    return (globalThis as { initializedBy?: unknown }).initializedBy;
  }

  /** Keeps the event loop from turning. */
  block(ms: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  }

  async sleep(ms: number): Promise<string> {
    await sleep(ms);
    return 'slept';
  }
}

@Module({ imports: [ManagerServerModule.forFeature([Counter, Probe])] })
export default class HostedModule {}
