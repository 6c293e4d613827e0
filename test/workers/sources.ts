// Lets this process import TypeScript files of the library as they are; it is loaded with --import. The suites of the
// built-in types are not built, and the server of another process needs the classes of users that stand in them.
import { register } from 'node:module';

register('./source-hooks.js', import.meta.url);
