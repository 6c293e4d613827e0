/** What the threads of a pool run. It costs nothing, so that what is measured is the way to it and back. */
export function square(number: number): number {
  return number * number;
}
