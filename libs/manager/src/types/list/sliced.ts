/**
 * The items from `start` to before `end`, every `step`-th, as Python has it; without a step that is what JavaScript's `slice`
 * gives. Whole numbers, infinite ones included.
 *
 * @throws RangeError where the step is 0.
 */
export function sliced<T>(items: readonly T[], start?: number, end?: number, step = 1): T[] {
  if (step === 1) return items.slice(start, end);
  if (step === 0) throw new RangeError('slice() takes a step that is not 0.');
  const { length } = items;
  const forward = step > 0;
  // Where a walk that goes backwards may begin, and what it may end before.
  const [low, high] = forward ? [0, length] : [-1, length - 1];
  const place = (at: number): number => Math.min(high, Math.max(low, at < 0 ? at + length : at));
  const from = start === undefined ? (forward ? low : high) : place(start);
  const to = end === undefined ? (forward ? high : low) : place(end);
  const result: T[] = [];
  for (let at = from; forward ? at < to : at > to; at += step) result.push(items[at] as T);
  return result;
}
