import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { ManagerServerModule } from 'nestjs-manager';
import HostedModule from './hosted.module.js';

/** One that says itself how it is hosted. */
@Module({ imports: [ManagerServerModule.forRoot({ name: 'short', lease: 3000 }), HostedModule] })
export default class ShortLeaseModule {}
