import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { LostJob } from '../../api/lost-jobs.ts';
import { GroveError } from '../../domain/errors.ts';
import type { ImportedData } from '../../domain/imports.ts';
import { type JobSpec, jobSpecSchema } from '../../domain/job.ts';
import { digestOf, type Sha256 } from '../../domain/json.ts';
import { idSchema, type JobId } from '../../domain/names.ts';
import type { Clock } from '../../domain/ports.ts';
import { principalSchema } from '../../domain/principal.ts';
import type { ArchivedJobEntry, ArtifactStore, JobIndex } from '../artifacts/artifact-store.ts';
import type { AgentRecord, NewTask, TaskStore } from '../store/task-store.ts';

/** Entries of the index compared with the store at once. */
const BATCH = 200;
/** Lost jobs that are told of. */
const MAX_LOST = 1_000;

export interface RecoverDeps {
  readonly store: Pick<TaskStore, 'knownJobs' | 'submit' | 'agents'>;
  readonly artifacts: Pick<ArtifactStore, 'open'>;
  readonly index: Pick<JobIndex, 'entries' | 'remove'>;
  readonly clock: Clock;
  readonly sha256: Sha256;
  importedData(): Promise<readonly ImportedData[]>;
  /** Job -> tasks for the fleet as it is: `expand/`. */
  expand(input: {
    readonly jobId: JobId;
    readonly spec: JobSpec;
    readonly agents: readonly AgentRecord[];
    readonly imported: readonly ImportedData[];
  }): { readonly tasks: readonly NewTask[] };
}

const documentSchema = z.object({
  kind: z.literal('job'),
  jobId: idSchema,
  principal: principalSchema,
  submittedAt: z.number(),
  spec: jobSpecSchema,
});
type JobDocument = z.infer<typeof documentSchema>;

/** Jobs that were accepted and archived and that the task store does not have, as after a failover of Redis: the first thousand, by id. */
export async function lostJobs(deps: RecoverDeps): Promise<readonly LostJob[]> {
  const lost = new Map<JobId, LostJob>();
  for await (const entries of batches(deps.index.entries())) {
    const known = new Set(await deps.store.knownJobs(entries.map(({ jobId }) => jobId)));
    for (const entry of entries.filter(({ jobId }) => !known.has(jobId))) {
      const document = await readDocument(deps, entry);
      if (document !== undefined) lost.set(entry.jobId, describe(document));
      if (lost.size >= MAX_LOST) return [...lost.values()];
    }
  }
  return [...lost.values()];
}

/**
 * Submits a lost job again, as the person who did and under its own id: a repeat changes nothing, and the submitter's own repeat finds it. It waits for
 * devices that are gone, since it was accepted once. Returns whether it was lost. Throws `not-found` when no document of it is left, and
 * `invalid-request` for one that cannot be derived from its document.
 */
export async function recoverJob(deps: RecoverDeps, jobId: JobId): Promise<boolean> {
  if ((await deps.store.knownJobs([jobId])).length > 0) return false;
  const document = await documentOf(deps, jobId);
  const problem = problemOf(document.spec);
  if (problem !== '') throw new GroveError('invalid-request', { problem: `job ${jobId} cannot be derived again: ${problem}` });
  const spec = { ...document.spec, waitForDevice: true };
  const [agents, imported] = await Promise.all([deps.store.agents(), deps.importedData()]);
  const { tasks } = deps.expand({ jobId, spec, agents, imported });
  const identity = { idempotencyKey: `recovered:${jobId}`, requestDigest: digestOf(document, deps.sha256) };
  const { principal } = document;
  const { created } = await deps.store.submit({
    now: deps.clock.now(),
    principal,
    jobId,
    ...identity,
    spec,
    priority: spec.priority,
    tasks,
  });
  return created;
}

async function documentOf(deps: RecoverDeps, jobId: JobId): Promise<JobDocument> {
  for await (const entry of deps.index.entries(jobId)) {
    const document = await readDocument(deps, entry);
    if (document !== undefined) return document;
  }
  throw new GroveError('not-found', { kind: 'archived job', id: jobId });
}

/** Undefined when it is gone, and then so is its entry; or when it is of a later version. */
async function readDocument({ artifacts, index }: RecoverDeps, entry: ArchivedJobEntry): Promise<JobDocument | undefined> {
  try {
    return documentSchema.safeParse(JSON.parse(await text(await artifacts.open(entry.sha256)))).data;
  } catch (error) {
    if (!(error instanceof GroveError) || error.code !== 'not-found') throw error;
    await index.remove(entry);
    return undefined;
  }
}

function describe({ jobId, principal, submittedAt, spec }: JobDocument): LostJob {
  const recipes = spec.recipes.map(({ recipeId }) => recipeId);
  return {
    jobId,
    submitter: principal.name,
    submittedAt,
    recipes: recipes.slice(0, 20),
    recipeCount: recipes.length,
    problem: problemOf(spec),
  };
}

function problemOf({ cause }: JobSpec): string {
  return cause?.kind === 'rerun' ? 'it ran cells of the matrix again; use grove rerun' : '';
}

async function* batches(entries: AsyncIterable<ArchivedJobEntry>): AsyncGenerator<readonly ArchivedJobEntry[]> {
  let batch: ArchivedJobEntry[] = [];
  for await (const entry of entries) {
    batch.push(entry);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
