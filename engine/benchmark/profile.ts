import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';

/** Largest profile read. A node execution takes about 1 kB, a 1,000-node model with ten runs 10 MB. */
const MAX_PROFILE_BYTES = 400 * 1024 * 1024;
const KERNEL_SUFFIX = '_kernel_time';

const eventSchema = z.object({
  cat: z.string(),
  name: z.string(),
  /** Microseconds since the profiler started. */
  ts: z.number(),
  /** Microseconds. */
  dur: z.number().default(0),
  args: z.object({ provider: z.string().optional(), op_name: z.string().optional(), node_index: z.string().optional() }).default({}),
});
type ProfileEvent = z.infer<typeof eventSchema>;

/** One execution of one node. */
export interface NodeExecution {
  /** Node name; may be empty or shared, hence the index. */
  readonly node: string;
  readonly nodeIndex: string;
  readonly opType: string;
  /** Full provider name. */
  readonly ep: string;
  readonly durationUs: number;
}

/** The node executions of all inferences after the first, whose allocations would distort the shares of time. */
export interface Profile {
  readonly inferences: number;
  readonly executions: readonly NodeExecution[];
}

/** Reads a profile that ONNX Runtime wrote. Throws `session-failed` when it is not one or holds fewer than two inferences. */
export async function readProfile(path: string, ep: string): Promise<Profile> {
  const { size } = await stat(path);
  if (size > MAX_PROFILE_BYTES) throw new GroveError('too-large', { what: path, sizeBytes: size, limitBytes: MAX_PROFILE_BYTES });
  return summarizeEvents(parseEvents(await readFile(path, 'utf8'), ep), ep);
}

function parseEvents(text: string, ep: string): readonly ProfileEvent[] {
  try {
    return z.array(eventSchema.catch({ cat: '', name: '', ts: 0, dur: 0, args: {} })).parse(JSON.parse(text));
  } catch (cause) {
    const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new GroveError('session-failed', { ep, problem: `its profile cannot be read: ${problem}` }, { cause });
  }
}

function summarizeEvents(events: readonly ProfileEvent[], ep: string): Profile {
  const runs = events.filter((event) => event.cat === 'Session' && event.name === 'model_run').sort((a, b) => a.ts - b.ts);
  const [first] = runs;
  if (first === undefined || runs.length < 2)
    throw new GroveError('session-failed', { ep, problem: `its profile holds ${runs.length} inferences, not several` });
  const firstEnds = first.ts + first.dur;
  const executions = events
    .filter((event) => event.cat === 'Node' && event.name.endsWith(KERNEL_SUFFIX) && event.ts >= firstEnds)
    .map(execution);
  return { inferences: runs.length - 1, executions };
}

function execution({ name, dur, args }: ProfileEvent): NodeExecution {
  return {
    node: name.slice(0, -KERNEL_SUFFIX.length),
    nodeIndex: args.node_index ?? '',
    opType: args.op_name ?? '',
    ep: args.provider ?? 'unknown',
    durationUs: dur,
  };
}
