import { runCompiled } from './compile.ts';

/** `npm run bench`. */
process.exitCode = runCompiled('run.js');
