import type { SubmitAnswer, SubmitRequest } from '../../api/submit.ts';
import type { ImportedData } from '../../domain/imports.ts';
import { type JobSpec, modelsOf } from '../../domain/job.ts';
import type { JobId } from '../../domain/names.ts';
import type { Catalogue } from '../../domain/recipe/catalogue.ts';
import type { ParseRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { ImportStore } from '../imports/import-store.ts';
import type { AgentRecord, TaskStore } from '../store/task-store.ts';
import { type AcceptDeps, acceptJob, type Derived, type SubmitContext } from './accept.ts';
import { readSubmitRequest } from './read-request.ts';
import { useImportedModel } from './use-imported-model.ts';
import { verifyBlobs } from './verify-blobs.ts';

export interface SubmitDeps extends AcceptDeps {
  readonly store: AcceptDeps['store'] & Pick<TaskStore, 'agents'>;
  readonly artifacts: Pick<ArtifactStore, 'claim'>;
  readonly catalogue: Catalogue;
  readonly imports: Pick<ImportStore, 'models' | 'data'>;
  /** Default: reads each recipe's text anew. */
  readonly parse?: ParseRecipe;
  /** Job -> tasks for the fleet as it is: `expand/`. */
  expand(input: {
    readonly jobId: JobId;
    readonly spec: JobSpec;
    readonly agents: readonly AgentRecord[];
    readonly imported: readonly ImportedData[];
  }): Derived;
}

/** A submit that nobody wrote down as it is. */
export interface SubmitOrigin {
  readonly cause: NonNullable<JobSpec['cause']>;
  /** What was asked for, where that is less than the request: the same key with another identity is a conflict. */
  readonly identity?: unknown;
}

export interface SubmitService {
  /**
   * Accepts a job, or answers the earlier one when the idempotency key repeats. When it resolves the job survives a crash. Throws the errors of
   * reading, expanding and storing; then nothing was stored.
   */
  submit(request: SubmitRequest, context: SubmitContext, origin?: SubmitOrigin): Promise<SubmitAnswer>;
}

export function createSubmitService(deps: SubmitDeps): SubmitService {
  return {
    async submit(request, context, origin) {
      const { dryRun = false, ...wanted } = request;
      const derived = async (jobId: JobId) => withCause(await derive(deps, jobId, request), origin);
      return acceptJob(deps, context, { request: origin?.identity ?? wanted, dryRun, derive: derived });
    },
  };
}

function withCause<T extends { readonly spec: JobSpec }>(derived: T, origin: SubmitOrigin | undefined): T {
  return origin === undefined ? derived : { ...derived, spec: { ...derived.spec, cause: origin.cause } };
}

async function derive(deps: SubmitDeps, jobId: JobId, request: SubmitRequest): Promise<Derived & { readonly spec: JobSpec }> {
  const spec = useImportedModel(readSubmitRequest(request, deps), await deps.imports.models());
  await verifyFiles(spec, deps);
  const [agents, imported] = await Promise.all([deps.store.agents(), deps.imports.data()]);
  return { spec, ...deps.expand({ jobId, spec, agents, imported }) };
}

/** Every file that the job names, each model's in turn: two models may have files of one name. */
async function verifyFiles(spec: JobSpec, { artifacts, clock }: Pick<SubmitDeps, 'artifacts' | 'clock'>): Promise<void> {
  const sources = modelsOf(spec).map(({ source }) => (source.kind === 'uploaded' ? source.files : {}));
  for (const files of [...sources, spec.dataFiles]) await verifyBlobs(files, artifacts, clock.now());
}
