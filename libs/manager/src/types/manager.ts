import * as base from '../client/index.js';
import type { KeepOption } from '../protocol/index.js';
import { addBlocks, type BlockCreators, type NamedBlockCreators } from './blocks.js';
import { addBuiltIns, type BuiltIns } from './built-ins.js';

/* oxlint-disable typescript/no-unsafe-declaration-merging -- addBuiltIns, below, puts every one of them there */

export interface Creators extends BuiltIns, BlockCreators {}

/** Creates and finds shared objects, of built-in types and of yours: at any server that has the type, or at one. */
export class Creators extends base.Creators {
  /**
   * `create` and the creators of the built-in types, each as a `get` of this name. `keep` says how long the name holds its
   * object: `'always'` (default) until `unlink` or the end of its server, `'referenced'` while somebody holds it,
   * `{ idle: ms }` that long after the last one let go. `rebind: false` makes a proxy whose object is gone stay gone;
   * arguments with a proxy among them imply it.
   *
   * @example
   * ```ts
   * const jobs = await manager.named('jobs').queue<Job>(8);
   * const room = await manager.named('lobby', { keep: { idle: 60_000 } }).create(Room);
   * ```
   */
  override named(name: string, options: { keep?: KeepOption; rebind?: boolean } = {}): NamedCreators {
    return super.named(name, options) as NamedCreators;
  }

  protected override get kinds(): base.CreatorKinds {
    return kinds;
  }
}

export interface NamedCreators extends BuiltIns, NamedBlockCreators {}

/** `create` and the creators of the built-in types, under a name. Made by `named`. */
export class NamedCreators extends base.NamedCreators {}

export interface Manager extends BuiltIns, BlockCreators {}

/**
 * The client of one application: creates, finds and releases shared objects. In a Nest application it is injected with
 * `@InjectManager()`, connected and closed with the application.
 *
 * What it holds is held in its name at the servers, under a lease: if the application dies, it is given back.
 *
 * @example
 * ```ts
 * await using jobs = await manager.queue<Job>(100);
 * await jobs.put({ id: 1 });
 * ```
 */
export class Manager extends base.Manager {
  /** See `Creators.named`. */
  override named(name: string, options: { keep?: KeepOption; rebind?: boolean } = {}): NamedCreators {
    return super.named(name, options) as NamedCreators;
  }

  /** The same creators, at the server of this name. */
  override at(server: string): Creators {
    return super.at(server) as Creators;
  }

  protected override get kinds(): base.CreatorKinds {
    return kinds;
  }
}

const kinds: base.CreatorKinds = { creators: Creators, named: NamedCreators };
for (const { prototype } of [Creators, NamedCreators, Manager]) addBuiltIns(prototype);
for (const { prototype } of [Creators, NamedCreators, Manager]) addBlocks(prototype);
