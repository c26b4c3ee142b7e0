import { runCompiled } from '../compile.ts';

/** `npm run parity`. */
process.exitCode = runCompiled('parity/run.js');
