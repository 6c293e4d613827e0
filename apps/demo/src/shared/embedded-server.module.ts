import { Module } from '@nestjs/common';
import { ManagerServerModule } from 'nestjs-manager';
import { SharedTypesModule } from './shared-types.module.js';

/** What the first instance starts where there is no Redis. The lease is that of the server over Redis. */
@Module({ imports: [ManagerServerModule.forRoot({ name: 'demo', lease: 5000 }), SharedTypesModule] })
export default class EmbeddedServerModule {}
