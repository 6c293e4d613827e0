import type { StateAnswer, VisitAnswer } from '../web/visits.controller.js';
import type { Ready } from '../web/main.js';
import { WEB_SETTINGS, type DemoMedium, type WebSettings } from '../web/web-settings.js';
import { Child } from './child.js';

export interface ClusterOptions extends Omit<WebSettings, 'instance'> {
  instances: number;
  /** Milliseconds; the server's lease rules. */
  lease: number;
}

/** A web instance that answers. */
export class Web {
  constructor(
    readonly child: Child,
    readonly url: string,
  ) {}

  get name(): string {
    return this.child.name;
  }

  state(entries: number): Promise<StateAnswer> {
    return this.#ask(`/api/state?entries=${entries}`);
  }

  visit(address: string): Promise<VisitAnswer> {
    return this.#ask('/api/visits', { method: 'POST', headers: { 'x-forwarded-for': address } });
  }

  async #ask<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(this.url + path, { ...init, signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`${this.name} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }
}

/** The manager server and the web instances, each a process of its own. */
export class Cluster {
  /** Over Redis; else the instances have started one that no process here is the parent of. */
  readonly server: Child | undefined;
  readonly medium: DemoMedium;
  readonly #instances: Child[];

  constructor({ instances, lease, ...web }: ClusterOptions) {
    const { medium } = web;
    this.medium = medium;
    this.server = 'redis' in medium ? startServer(medium, lease) : undefined;
    // They need not wait for the server: a manager finds it when it is there.
    this.#instances = Array.from({ length: instances }, (_, index) => {
      const settings: WebSettings = { ...web, instance: `web-${index + 1}` };
      const script = new URL('../web/main.js', import.meta.url);
      return new Child(settings.instance, script, { [WEB_SETTINGS]: JSON.stringify(settings) });
    });
  }

  /** Resolves once all of them answer. */
  async ready(): Promise<Web[]> {
    const webs = this.#instances.map(async (child) => new Web(child, (await child.message<Ready>()).url));
    const serverEnded = this.server ? [this.server.message<never>()] : [];
    return Promise.race([Promise.all(webs), ...serverEnded]);
  }

  get children(): readonly Child[] {
    return [...(this.server ? [this.server] : []), ...this.#instances];
  }

  /** The instances first: they give back what they hold while the server is there to take it. */
  async stop(): Promise<void> {
    await Promise.all(this.#instances.map((child) => child.stop()));
    await this.server?.stop();
  }

  kill(): void {
    for (const child of this.children) child.kill();
  }
}

function startServer({ redis, namespace }: Extract<DemoMedium, { redis: string }>, lease: number): Child {
  const script = new URL(import.meta.resolve('@nestjs-manager/server/dist/main.js'));
  const settings = {
    MANAGER_MODULES: './shared/shared-types.module.js#SharedTypesModule',
    MANAGER_NAME: 'demo',
    MANAGER_REDIS_URL: redis,
    MANAGER_NAMESPACE: namespace,
    MANAGER_LEASE: String(lease),
  };
  return new Child('server', script, settings, ['--import', new URL('./end-with-parent.js', import.meta.url).href]);
}
