// AUTHKEY=... node dist/consumer.js tcp://server:50000
import 'reflect-metadata';
import { connectManager } from 'nestjs-manager';
import { address, secret } from './settings.js';

await using manager = await connectManager(address, secret);
await using queue = await manager.named('messages').queue<string>();
console.log(await queue.get());
