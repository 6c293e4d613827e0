/** A class with `@SharedType()`. */
type SharedClass = new (...args: never[]) => object;

/** The classes of users in these suites: whatever they export as `…SuiteTypes`. The process was started with `sources`. */
export async function suiteTypes(suites: readonly string[]): Promise<SharedClass[]> {
  const modules = (await Promise.all(suites.map((url) => import(url)))) as Record<string, SharedClass[]>[];
  const found = modules.flatMap((module) =>
    Object.entries(module).flatMap(([name, types]) => (name.endsWith('SuiteTypes') ? types : [])),
  );
  return [...new Set(found)];
}
