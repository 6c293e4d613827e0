/** Options of Node that are about the parent alone: what it runs, tests and measures, where it listens for debuggers. */
const PARENTS =
  /^(-e|-p|-pe|-i|-c|--(eval|print|input-type|interactive|check|run|title|debug-port|build-snapshot(-config)?|snapshot-blob|(experimental-)?(test|watch|inspect|sea)(-.*)?|(inspect|watch|test|prof|cpu-prof|heap-prof)(-.*)?))$/;

/** The arguments of this Node that a server process needs too: loaders, conditions, limits of memory. */
export function inheritedArguments(given: readonly string[] = process.execArgv): string[] {
  const kept: string[] = [];
  let keeps = true;
  for (const argument of given) {
    // What is no option is the value of the one before, which decides.
    if (argument.startsWith('-')) keeps = !PARENTS.test(argument.split('=', 1)[0] as string);
    if (keeps) kept.push(argument);
  }
  return kept;
}
