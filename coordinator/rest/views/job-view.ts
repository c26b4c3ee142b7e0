import { type JobSummary, MAX_LISTED_RECIPES } from '../../../api/jobs.ts';
import { deadlineEnd, type JobSource, modelsOf } from '../../../domain/job.ts';
import { selectorOf } from '../../../domain/selector/condition.ts';
import { formatCondition } from '../../../domain/selector/format.ts';
import type { JobRecord } from '../../store/task-store.ts';

/** A job as people see it: without the texts of its recipes and the list of its files. */
export function jobSummary(job: JobRecord): JobSummary {
  const { jobId, principal, submittedAt, endedAt, state, counts, priority, spec } = job;
  const { synthetic, where, substituteEp, substituteDevice = null, tier, launches, task, strict, waitForDevice } = spec;
  return {
    jobId,
    submitter: principal.name,
    submittedAt,
    endedAt,
    state,
    counts,
    priority,
    recipes: spec.recipes.slice(0, MAX_LISTED_RECIPES).map(({ recipeId, digest }) => ({ recipeId, digest })),
    recipeCount: spec.recipes.length,
    model: modelOf(spec.source),
    modelCount: modelsOf(spec).length,
    selectors: (spec.sweep?.selectors ?? []).map((selector) => selector.map(formatCondition)),
    cause: spec.cause === undefined ? null : { kind: spec.cause.kind, reason: spec.cause.reason },
    data: Object.keys(spec.data),
    synthetic,
    on: spec.coverage,
    where: selectorOf(where).map(formatCondition),
    substituteEp,
    substituteDevice,
    tier,
    launches,
    task,
    strict,
    waitForDevice,
    followsUntil: job.followsUntil,
    deadlineAt: deadlineEnd(job),
  };
}

function modelOf(source: JobSource): JobSummary['model'] {
  if (source.kind === 'hub') return source;
  const blobs = Object.values(source.files);
  return { kind: 'uploaded', fileCount: blobs.length, sizeBytes: blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}
