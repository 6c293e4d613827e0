// AUTHKEY=... node dist/producer.js tcp://server:50000 hello
import 'reflect-metadata';
import { connectManager } from 'nestjs-manager';
import { address, secret } from './settings.js';

await using manager = await connectManager(address, secret);
// The first who asks has it made; it is kept under its name until it is unlinked.
await using queue = await manager.named('messages').queue<string>();
for (const message of process.argv.slice(3)) await queue.put(message);
