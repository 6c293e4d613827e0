import 'reflect-metadata';
import { Module, type BeforeApplicationShutdown } from '@nestjs/common';
import HostedModule from './hosted.module.js';

/** One that never comes to the end of its close. */
@Module({ imports: [HostedModule] })
export default class StuckModule implements BeforeApplicationShutdown {
  beforeApplicationShutdown(): Promise<void> {
    return new Promise(() => undefined);
  }
}
