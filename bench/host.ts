// The entry of every process of a system: it becomes a server or a client by the first request.
import type { Reply, Request } from './messages.js';
import { loadCase, loadSystem } from './registry.js';
import { type Hosted, type Offer, type Target, UnavailableError } from './system.js';

let hosted: Hosted | undefined;
let target: Target | undefined;

async function answer(request: Request): Promise<Reply> {
  switch (request.ask) {
    case 'serve':
      hosted = await (await loadSystem(request.system)).serve(request.context);
      return { is: 'serving', address: hosted.address };
    case 'connect':
      target = await (await loadSystem(request.system)).connect(request.context, request.address);
      return { is: 'connected', offers: Object.keys(target) as Offer[] };
    case 'measure': {
      const { caseName, cell } = request;
      if (target!.drive) return { is: 'measured', sample: await target!.drive(caseName, cell) };
      return { is: 'measured', sample: await (await loadCase(caseName)).measure(target!, cell) };
    }
    case 'stop':
      await target?.close();
      await hosted?.stop();
      return { is: 'stopped' };
  }
}

process.on('message', (request: Request) => {
  void answer(request)
    .catch((error: unknown): Reply => {
      if (error instanceof UnavailableError) return { is: 'unavailable', why: error.message };
      return { is: 'failed', why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    })
    .then((reply) => process.send!(reply, () => request.ask === 'stop' && process.disconnect()));
});

// The run is over, or was killed: nothing may stay behind.
process.on('disconnect', () => process.exit());
// A terminal sends Ctrl-C to the whole group; the run tells its processes itself.
process.on('SIGINT', () => {});
