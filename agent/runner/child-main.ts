import { serveChild } from './child-entry.ts';
import { CHILD_STAGES } from './child-stages.ts';

await serveChild(process.argv.slice(2), CHILD_STAGES);
