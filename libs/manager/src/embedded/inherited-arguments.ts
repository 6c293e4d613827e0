/** Arguments of Node that are about the parent alone: what it runs, where it listens for debuggers. Those with a value of their own. */
const WITH_VALUE = new Set(['-e', '--eval', '-p', '--print', '-pe', '--input-type', '--inspect-port', '--title']);
const ALONE = /^(-i|--interactive|-c|--check|--test|--watch|--inspect|--run|--prof|--cpu-prof|--heap-prof)/;

/** The arguments of this Node that a server process needs too: loaders, conditions, limits of memory. */
export function inheritedArguments(given: readonly string[] = process.execArgv): string[] {
  const kept: string[] = [];
  for (let i = 0; i < given.length; i++) {
    const argument = given[i] as string;
    const [name] = argument.split('=', 1) as [string];
    if (WITH_VALUE.has(name)) {
      if (name === argument) i++;
    } else if (!ALONE.test(argument)) kept.push(argument);
  }
  return kept;
}
