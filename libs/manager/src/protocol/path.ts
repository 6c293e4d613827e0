/** A step of a path: a property, an index, or a place in a Map or Set. */
export type Step = string | number | { map: number; key: unknown } | { keys: number } | { values: number };

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** Where a walk stands. Keeping it costs one store per object; it is spelled out only when something is refused. */
export class Path {
  private readonly steps: Step[] = [];

  constructor(readonly root: string) {}

  /** The step from level `depth` to the next one. */
  set(depth: number, step: Step): void {
    this.steps[depth - 1] = step;
  }

  /** Path of what stands at level `depth`, the root being 1. */
  upTo(depth: number): string {
    let text = this.root;
    for (const step of this.steps.slice(0, depth - 1)) text += spell(step);
    return text;
  }
}

function spell(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'string') return identifier.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  if ('keys' in step) return `.keys()[${step.keys}]`;
  if ('values' in step) return `.values()[${step.values}]`;
  const { key, map } = step;
  if (typeof key === 'string') return `.get(${JSON.stringify(key)})`;
  if (typeof key === 'number' || typeof key === 'boolean') return `.get(${key})`;
  return `.values()[${map}]`;
}
