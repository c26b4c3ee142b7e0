import { z } from 'zod';
import { cellIdSchema } from '../domain/curation.ts';
import { importedDataSchema, importedModelSchema } from '../domain/imports.ts';
import { jobStateSchema } from '../domain/job.ts';
import { matrixSchema } from '../domain/matrix.ts';
import { MATRIX_LISTS } from '../domain/matrix-lists.ts';
import { idSchema, nameSchema, sha256Schema } from '../domain/names.ts';
import { schedulingPolicySchema } from '../domain/policy.ts';
import { taskStateSchema } from '../domain/task-state.ts';
import { ACCESS_ROUTES } from './access-routes.ts';
import { agentListSchema, agentViewSchema, markAgentRequestSchema } from './agents.ts';
import { farmEventSchema } from './events.ts';
import { farmKeySchema } from './evidence.ts';
import { EXPORT_ROUTES } from './export-routes.ts';
import { garbageRequestSchema, garbageViewSchema } from './garbage.ts';
import { healthSchema, shutdownAnswerSchema } from './health.ts';
import {
  dataListSchema,
  importDataRequestSchema,
  importModelRequestSchema,
  importResultsRequestSchema,
  modelListSchema,
  removeResultsRequestSchema,
  resultListSchema,
} from './imports.ts';
import { cancelAnswerSchema, explanationSchema, jobListSchema, jobViewSchema, MAX_TASKS_PER_PAGE, TASKS_PER_PAGE } from './jobs.ts';
import { lostJobListSchema, recoverAnswerSchema } from './lost-jobs.ts';
import { cellViewSchema, curateCellRequestSchema, historyPageSchema, matrixFormatSchema, matrixListSchema } from './matrix.ts';
import { MONITORING_ROUTES } from './monitoring-routes.ts';
import { NOTIFICATION_ROUTES } from './notification-routes.ts';
import { policyViewSchema } from './policy.ts';
import { recipeListSchema, recipeViewSchema } from './recipes.ts';
import { rerunAnswerSchema, rerunRequestSchema } from './reruns.ts';
import { defineRoute, json, noArguments, nothing } from './route.ts';
import { idempotencyKeySchema, submitAnswerSchema, submitRequestSchema } from './submit.ts';
import { SUITE_ROUTES } from './suite-routes.ts';
import { taskViewSchema } from './tasks.ts';
import { uploadAnswerSchema, uploadRequestSchema } from './uploads.ts';

const BYTES = 'application/octet-stream';

const agentParams = z.strictObject({ agentId: idSchema });
const jobParams = z.strictObject({ jobId: idSchema });
const taskParams = z.strictObject({ taskId: idSchema });
const cellParams = z.strictObject({ cellId: cellIdSchema });
const blobParams = z.strictObject({ sha256: sha256Schema });
/** `a,b` as a list of members. */
function listOf<T extends z.ZodType<string, string>>(member: T) {
  return z
    .string()
    .max(200)
    .transform((text) => text.split(','))
    .pipe(z.array(member).min(1));
}

const count = z.coerce.number<string>().int().min(0);
const signature = z.strictObject({
  size: count.describe('Exact number of bytes.'),
  exp: count.describe('Milliseconds since 1970-01-01 UTC after which the URL is void.'),
  sig: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'not a signature'),
});

/**
 * Every operation of the REST API. The server binds one handler to each entry (the compiler refuses a missing one), the client has one method for each,
 * and the OpenAPI document is made from them.
 */
export const ROUTES = {
  health: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/health',
    tag: 'farm',
    kind: 'json',
    summary: 'Whether the coordinator lives, and how its stores are.',
    answers: [json(200, 'The coordinator answers.', healthSchema)],
  }),
  garbage: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/garbage',
    tag: 'artifacts',
    kind: 'json',
    summary: 'How the collection of garbage goes, or how the last one ended.',
    answers: [json(200, 'The one that runs, or the last one of this coordinator.', garbageViewSchema)],
  }),
  collectGarbage: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/garbage',
    tag: 'artifacts',
    kind: 'json',
    body: garbageRequestSchema,
    summary: 'Removes stored blobs that no job, result or import names, in the background.',
    answers: [json(202, 'It has begun.', garbageViewSchema)],
    errors: ['already-running'],
  }),
  shutdown: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/shutdown',
    tag: 'farm',
    kind: 'raw',
    body: noArguments,
    summary: 'Stops the coordinator.',
    answers: [json(202, 'It stops after this answer.', shutdownAnswerSchema)],
  }),
  createUploads: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/uploads',
    tag: 'artifacts',
    kind: 'json',
    body: uploadRequestSchema,
    summary: 'Asks which blobs are absent and where to send them.',
    answers: [json(200, 'One grant per distinct digest.', uploadAnswerSchema)],
    errors: ['too-large'],
  }),
  submit: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/jobs',
    tag: 'jobs',
    kind: 'json',
    body: submitRequestSchema,
    headers: z.object({ 'idempotency-key': idempotencyKeySchema }),
    summary: 'Submits a job.',
    description:
      'Repeating a request with the same Idempotency-Key answers the first job with status 200; the same key with another body is refused.',
    answers: [
      json(201, 'The job exists and its tasks are queued.', submitAnswerSchema),
      json(200, 'The key repeats an earlier request, or dryRun was asked for.', submitAnswerSchema),
    ],
    errors: ['idempotency-conflict', 'recipe-invalid', 'unsatisfiable', 'unknown-recipe'],
  }),
  lostJobs: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/lost-jobs',
    tag: 'jobs',
    kind: 'json',
    summary: 'Accepted jobs that the task store has lost, and whose documents are archived.',
    answers: [json(200, 'Jobs by id.', lostJobListSchema)],
  }),
  recoverJob: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/lost-jobs/{jobId}/recover',
    tag: 'jobs',
    kind: 'json',
    params: jobParams,
    body: noArguments,
    summary: 'Submits a lost job again, under its own id.',
    description: 'A repeat changes nothing. Conversions that are stored are used; benchmarks run again.',
    answers: [json(200, 'The job is there.', recoverAnswerSchema)],
    errors: ['not-found'],
  }),
  rerun: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/reruns',
    tag: 'jobs',
    kind: 'json',
    body: rerunRequestSchema,
    headers: z.object({ 'idempotency-key': idempotencyKeySchema }),
    summary: 'Runs again what the matrix shows in some states.',
    description:
      'One job of the same benchmarks on the same machines. Repeating a request with the same Idempotency-Key answers the first job.',
    answers: [
      json(201, 'The job exists and its tasks are queued.', rerunAnswerSchema),
      json(200, 'Nothing to run again, the key repeats an earlier request, or dryRun was asked for.', rerunAnswerSchema),
    ],
    errors: ['idempotency-conflict'],
  }),
  jobs: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/jobs',
    tag: 'jobs',
    kind: 'json',
    query: z.strictObject({
      limit: z.coerce.number<string>().int().min(1).max(200).default(50),
      before: idSchema.exactOptional().describe('Continue after this job id.'),
      state: listOf(jobStateSchema).exactOptional().describe('Only jobs in one of these states, separated by commas.'),
      submitter: nameSchema.exactOptional().describe('Only jobs of this person.'),
    }),
    summary: 'Lists jobs, newest first.',
    answers: [json(200, 'A page of jobs.', jobListSchema)],
  }),
  job: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/jobs/{jobId}',
    tag: 'jobs',
    kind: 'json',
    params: jobParams,
    query: z.strictObject({
      limit: z.coerce.number<string>().int().min(1).max(MAX_TASKS_PER_PAGE).default(TASKS_PER_PAGE).describe('Tasks of the answer.'),
      offset: count.default(0).describe('Leave out this many tasks.'),
      state: listOf(taskStateSchema).exactOptional().describe('Only tasks in one of these states, separated by commas.'),
      estimate: z.enum(['0', '1']).default('0').describe('1: say when tasks start and end. Costs a look at the fleet.'),
    }),
    summary: 'One job with a page of its tasks.',
    answers: [json(200, 'The job.', jobViewSchema)],
    errors: ['not-found'],
  }),
  cancelJob: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/jobs/{jobId}/cancel',
    tag: 'jobs',
    kind: 'json',
    params: jobParams,
    body: noArguments,
    summary: 'Cancels what has not ended.',
    answers: [json(200, 'How many tasks this call ended or told to stop.', cancelAnswerSchema)],
    errors: ['not-found'],
  }),
  explainJob: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/jobs/{jobId}/explain',
    tag: 'jobs',
    kind: 'json',
    params: jobParams,
    summary: 'Why each task of a job waits, and why devices are refused.',
    answers: [json(200, 'One explanation per task that has not ended.', explanationSchema)],
    errors: ['not-found'],
  }),
  task: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/tasks/{taskId}',
    tag: 'tasks',
    kind: 'json',
    params: taskParams,
    summary: 'One task with its attempts and result.',
    answers: [json(200, 'The task.', taskViewSchema)],
    errors: ['not-found'],
  }),
  taskLog: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/tasks/{taskId}/logs',
    tag: 'tasks',
    kind: 'raw',
    params: taskParams,
    query: z.strictObject({
      attempt: z.coerce.number<string>().int().min(1).max(1_000_000).exactOptional().describe('Default: the newest attempt.'),
      follow: z.enum(['0', '1']).default('0').describe('1: keep sending until the attempt ends.'),
      offset: count.default(0).describe('Leave out this many bytes: resumes a broken follow.'),
    }),
    summary: 'Log of one attempt.',
    answers: [{ status: 200, description: 'UTF-8 text.', content: { 'text/plain': null } }],
    errors: ['not-found'],
  }),
  taskBundle: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/tasks/{taskId}/bundle',
    tag: 'tasks',
    kind: 'raw',
    params: taskParams,
    query: z.strictObject({ model: z.enum(['0', '1']).default('1').describe('0: leave the converted model out; its digests stay.') }),
    summary: 'The evidence of a benchmark that has ended, as a signed tar archive.',
    description: 'manifest.json lists every member with its SHA-256, signature.json signs it with the key that /api/v1/farm-key shows.',
    answers: [{ status: 200, description: 'The archive, as an attachment.', content: { 'application/x-tar': null } }],
    errors: ['not-found', 'too-many-streams', 'unsafe-path'],
  }),
  farmKey: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/farm-key',
    tag: 'farm',
    kind: 'json',
    summary: 'The public key that evidence bundles of this farm are signed with.',
    answers: [json(200, 'The same for all coordinators of the farm.', farmKeySchema)],
  }),
  agents: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/agents',
    tag: 'agents',
    kind: 'json',
    summary: 'Every agent the farm knows, with its devices.',
    answers: [json(200, 'Agents by id.', agentListSchema)],
  }),
  agent: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/agents/{agentId}',
    tag: 'agents',
    kind: 'json',
    params: agentParams,
    summary: 'One agent.',
    answers: [json(200, 'The agent.', agentViewSchema)],
    errors: ['not-found'],
  }),
  markAgent: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/agents/{agentId}/mark',
    tag: 'agents',
    kind: 'json',
    params: agentParams,
    body: markAgentRequestSchema,
    summary: 'Pauses, drains or quarantines an agent.',
    description: 'It gets no more work; what it runs goes on. The mark outlives reconnects and restarts and replaces an earlier one.',
    answers: [json(200, 'The agent.', agentViewSchema)],
    errors: ['not-found'],
  }),
  unmarkAgent: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/agents/{agentId}/unmark',
    tag: 'agents',
    kind: 'json',
    params: agentParams,
    body: noArguments,
    summary: 'Lets a paused, draining or quarantined agent work again.',
    answers: [json(200, 'The agent.', agentViewSchema)],
    errors: ['not-found'],
  }),
  policy: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/policy',
    tag: 'farm',
    kind: 'json',
    summary: 'How devices are shared among submitters.',
    answers: [json(200, 'The policy, and the leases that count against its quotas now.', policyViewSchema)],
  }),
  setPolicy: defineRoute({
    ...nothing,
    method: 'put',
    path: '/api/v1/policy',
    tag: 'farm',
    kind: 'json',
    body: schedulingPolicySchema,
    summary: 'Replaces the policy.',
    description:
      'Weights count for tasks that become pending from then on, quotas for leases from then on; leases that exceed a new quota go on.',
    answers: [json(200, 'The policy as it is kept.', policyViewSchema)],
  }),
  recipes: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/recipes',
    tag: 'recipes',
    kind: 'json',
    summary: 'The catalogue.',
    answers: [json(200, 'Entries by id.', recipeListSchema)],
  }),
  recipe: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/recipes/{recipeId}',
    tag: 'recipes',
    kind: 'json',
    params: z.strictObject({ recipeId: z.string().min(1).max(200).describe('URL-encoded: a "/" is %2F.') }),
    summary: 'One recipe with its file and parsed passes.',
    answers: [json(200, 'The recipe.', recipeViewSchema)],
    errors: ['not-found'],
  }),
  models: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/models',
    tag: 'imports',
    kind: 'json',
    summary: 'Imported models.',
    answers: [json(200, 'Models by id.', modelListSchema)],
  }),
  importModel: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/models',
    tag: 'imports',
    kind: 'json',
    body: importModelRequestSchema,
    summary: 'Gives the farm a model under a hub id.',
    description:
      'Jobs that ask for this id use these files from then on, and no agent asks a hub for them. An earlier import of the id is replaced.',
    answers: [json(200, 'The model as it is remembered.', importedModelSchema)],
    errors: ['not-found'],
  }),
  data: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/data',
    tag: 'imports',
    kind: 'json',
    summary: 'Imported rows of data sets.',
    answers: [json(200, 'Rows by data set, subset and split.', dataListSchema)],
  }),
  results: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/results',
    tag: 'imports',
    kind: 'json',
    summary: 'Imported results of other tools.',
    answers: [json(200, 'Results by model.', resultListSchema)],
  }),
  importResults: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/results',
    tag: 'imports',
    kind: 'json',
    body: importResultsRequestSchema,
    summary: 'Gives the farm results that another tool measured.',
    description:
      'They stand in the matrix with the badge `imported`, in rows and columns of their own. An earlier import of the same model, device, provider and tool is replaced.',
    answers: [json(200, 'The results as they are remembered.', resultListSchema)],
  }),
  removeResults: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/results/remove',
    tag: 'imports',
    kind: 'json',
    body: removeResultsRequestSchema,
    summary: 'Removes imported results.',
    description: 'They leave the matrix. The coordinator logs who removed which.',
    answers: [json(200, 'The results that were removed, or would be; none when nothing is meant.', resultListSchema)],
  }),
  importData: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/data',
    tag: 'imports',
    kind: 'json',
    body: importDataRequestSchema,
    summary: 'Gives the farm the rows of a data set.',
    description:
      'Recipes whose data_configs name this data set, subset and split read these rows from then on. An earlier import is replaced.',
    answers: [json(200, 'The rows as they are remembered.', importedDataSchema)],
    errors: ['not-found'],
  }),
  ...SUITE_ROUTES,
  ...NOTIFICATION_ROUTES,
  ...EXPORT_ROUTES,
  ...ACCESS_ROUTES,
  ...MONITORING_ROUTES,
  matrix: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/matrix',
    tag: 'matrix',
    kind: 'raw',
    query: z.strictObject({ format: matrixFormatSchema.exactOptional() }),
    summary: 'Recipe x device, every cell.',
    answers: [
      {
        status: 200,
        description: 'The matrix.',
        content: {
          'application/json': matrixSchema,
          'text/markdown': null,
          'text/html': null,
          'text/csv': null,
          'application/xml': null,
          'application/vnd.apache.parquet': null,
        },
      },
      { status: 304, description: 'Of JSON: nothing has changed since the answer whose `ETag` came as `If-None-Match`.', content: {} },
    ],
  }),
  matrixList: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/matrix/lists/{list}',
    tag: 'matrix',
    kind: 'json',
    params: z.strictObject({ list: z.enum(MATRIX_LISTS) }),
    query: z.strictObject({ days: z.coerce.number<string>().min(0.01).max(3_650).default(7) }),
    summary: 'Cells that are new, missing, newly failing, regressed, improved, fell back, wrong or stale.',
    answers: [json(200, 'The cells with their places.', matrixListSchema)],
  }),
  cell: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/cells/{cellId}',
    tag: 'matrix',
    kind: 'json',
    params: cellParams,
    summary: 'One cell with the report it came from.',
    answers: [json(200, 'The cell.', cellViewSchema)],
    errors: ['not-found'],
  }),
  cellHistory: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/cells/{cellId}/history',
    tag: 'matrix',
    kind: 'json',
    params: cellParams,
    query: z.strictObject({
      offset: z.coerce.number<string>().int().min(0).default(0),
      limit: z.coerce.number<string>().int().min(1).max(1_000).default(100),
    }),
    summary: 'Ended benchmarks of a cell, newest first.',
    answers: [json(200, 'A part of its history.', historyPageSchema)],
    errors: ['not-found'],
  }),
  curateCell: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/cells/{cellId}/curation',
    tag: 'matrix',
    kind: 'json',
    params: cellParams,
    body: curateCellRequestSchema,
    summary: 'Pins a baseline, acknowledges a state or adds a note.',
    description:
      'pin: later results are compared with those that the cell shows now. acknowledge: the present state is known. Both replace an earlier one; unpin and withdraw remove it.',
    answers: [json(200, 'The cell.', cellViewSchema)],
    errors: ['not-found'],
  }),
  artifact: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/artifacts/{sha256}',
    tag: 'artifacts',
    kind: 'raw',
    params: blobParams,
    summary: 'Downloads a stored blob.',
    description: 'A single byte range is honoured.',
    answers: [
      { status: 200, description: 'The bytes, as an attachment.', content: { [BYTES]: null } },
      { status: 206, description: 'The asked range.', content: { [BYTES]: null } },
    ],
    errors: ['not-found'],
  }),
  putBlob: defineRoute({
    ...nothing,
    method: 'put',
    path: '/artifacts/{sha256}',
    tag: 'artifacts',
    kind: 'raw',
    params: blobParams,
    query: signature,
    body: 'bytes',
    summary: 'Stores the blob a grant was given for.',
    answers: [{ status: 204, description: 'Stored, or stored already.', content: {} }],
    errors: ['grant-refused', 'digest-mismatch', 'size-mismatch'],
  }),
  getBlob: defineRoute({
    ...nothing,
    method: 'get',
    path: '/artifacts/{sha256}',
    tag: 'artifacts',
    kind: 'raw',
    params: blobParams,
    query: signature,
    summary: 'Serves the blob a grant was given for.',
    description: 'A single byte range is honoured.',
    answers: [
      { status: 200, description: 'The bytes.', content: { [BYTES]: null } },
      { status: 206, description: 'The asked range.', content: { [BYTES]: null } },
    ],
    errors: ['grant-refused', 'not-found'],
  }),
  events: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/events',
    tag: 'farm',
    kind: 'raw',
    query: z.strictObject({
      job: idSchema.exactOptional().describe('Only what happens to this job and its tasks.'),
      after: count.exactOptional().describe('Begin after this sequence number. Default: what happens from now on.'),
    }),
    headers: z.object({
      'last-event-id': z
        .string()
        .regex(/^\d{1,15}$/, 'not a sequence number')
        .exactOptional(),
    }),
    summary: 'What happens on the farm, as server-sent events.',
    description: 'Each data line is one FarmEvent. Last-Event-ID, which browsers send by themselves, wins over `after`.',
    answers: [{ status: 200, description: 'A stream that does not end.', content: { 'text/event-stream': farmEventSchema } }],
  }),
  openApi: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/openapi.json',
    tag: 'farm',
    kind: 'json',
    summary: 'This description.',
    answers: [json(200, 'An OpenAPI 3.1 document.', z.record(z.string(), z.unknown()))],
  }),
};

/** Name of an operation: also its operationId and the name of its handler. */
export type RouteName = keyof typeof ROUTES;
