import type { z } from 'zod';
import { type ImportedData, type ImportedModel, importedDataSchema, importedModelSchema } from '../domain/imports.ts';
import type { JobState } from '../domain/job.ts';
import type { Blob, FileMap } from '../domain/manifest.ts';
import { type Matrix, matrixSchema } from '../domain/matrix.ts';
import type { MatrixListName } from '../domain/matrix-lists.ts';
import type { schedulingPolicySchema } from '../domain/policy.ts';
import type { TaskState } from '../domain/task-state.ts';
import {
  type ApiTokenList,
  type AuditList,
  type AuthorityView,
  apiTokenListSchema,
  auditListSchema,
  authorityViewSchema,
  type CallerView,
  type CreateJoinRequest,
  type CreateTokenRequest,
  callerViewSchema,
  type FreshTokenView,
  freshTokenSchema,
  type JoinView,
  joinViewSchema,
  type Revoked,
  revokedSchema,
} from './access.ts';
import { type AgentList, type AgentView, agentListSchema, agentViewSchema, type MarkAgentRequest } from './agents.ts';
import { type DownloadOptions, downloadBlob } from './client/download.ts';
import { type EventsOptions, followEvents } from './client/events.ts';
import { type ClientOptions, Http } from './client/http.ts';
import { followLog, type LogOptions, readLog } from './client/log.ts';
import { type UploadOptions, type UploadSource, uploadFiles } from './client/upload.ts';
import type { FarmEvent } from './events.ts';
import { type FarmKey, farmKeySchema } from './evidence.ts';
import { type GarbageView, garbageViewSchema } from './garbage.ts';
import { type Health, healthSchema, type Ready, readySchema, type ShutdownAnswer, shutdownAnswerSchema } from './health.ts';
import {
  type DataList,
  dataListSchema,
  type ImportDataRequest,
  type ImportModelRequest,
  type ImportResultsRequest,
  type ModelList,
  modelListSchema,
  type RemoveResultsRequest,
  type ResultList,
  resultListSchema,
} from './imports.ts';
import {
  type CancelAnswer,
  cancelAnswerSchema,
  type Explanation,
  explanationSchema,
  type JobList,
  type JobView,
  jobListSchema,
  jobViewSchema,
  MAX_TASKS_PER_PAGE,
} from './jobs.ts';
import { type LostJobList, lostJobListSchema, type RecoverAnswer, recoverAnswerSchema } from './lost-jobs.ts';
import {
  type CellView,
  type CurateCellRequest,
  cellViewSchema,
  type HistoryPage,
  historyPageSchema,
  type MatrixFormat,
  type MatrixList,
  matrixListSchema,
} from './matrix.ts';
import { type NotificationsView, notificationsViewSchema } from './notifications.ts';
import { type PolicyView, policyViewSchema } from './policy.ts';
import { type RecipeList, type RecipeView, recipeListSchema, recipeViewSchema } from './recipes.ts';
import { type RerunAnswer, type RerunRequest, rerunAnswerSchema } from './reruns.ts';
import { ROUTES } from './routes.ts';
import { type SubmitAnswer, type SubmitRequest, submitAnswerSchema } from './submit.ts';
import {
  type PinSuiteRequest,
  type SuiteList,
  type SuiteRunAnswer,
  type SuiteRunRequest,
  type SuiteView,
  suiteListSchema,
  suiteRunAnswerSchema,
  suiteViewSchema,
} from './suites.ts';
import { type TaskView, taskViewSchema } from './tasks.ts';
import { type UploadAnswer, uploadAnswerSchema } from './uploads.ts';

export type { DownloadOptions } from './client/download.ts';
export type { EventsOptions } from './client/events.ts';
export type { ClientOptions } from './client/http.ts';
export type { LogOptions } from './client/log.ts';
export type { UploadOptions, UploadProgress, UploadRange, UploadSource } from './client/upload.ts';
export type { GarbageView } from './garbage.ts';

/** Which jobs to list. */
export interface JobsPage {
  readonly limit?: number;
  readonly before?: string;
  readonly states?: readonly JobState[];
  readonly submitter?: string;
}

/** Which tasks of a job to show. */
export interface JobTasksPage {
  readonly limit?: number;
  readonly offset?: number;
  readonly states?: readonly TaskState[];
  /** Say when tasks start and end. Costs the farm a look at its fleet. Default: false. */
  readonly estimate?: boolean;
}

/**
 * A farm, as a typed object: one method per route. Every method throws the GroveError the farm answered with, `not-running` when nobody answers, or
 * `unexpected-answer` when the answer is not a farm's.
 */
export interface GroveClient {
  /** Origin of the coordinator: `http://127.0.0.1:7070`. */
  readonly url: string;
  health(): Promise<Health>;
  /** Whether requests are served now; false while the farm starts or stops. */
  ready(): Promise<Ready>;
  /** How the collection of garbage goes, or how the last one ended. */
  garbage(): Promise<GarbageView>;
  /** Begins one in the background. Throws `already-running`. */
  collectGarbage(dryRun: boolean): Promise<GarbageView>;
  shutdown(): Promise<ShutdownAnswer>;
  /** Grants only; {@link uploadFiles} also moves the bytes. */
  createUploads(files: FileMap): Promise<UploadAnswer>;
  /** Stores what the farm does not have yet and answers the files as a job names them. */
  uploadFiles(sources: readonly UploadSource[], options?: UploadOptions): Promise<FileMap>;
  /** Without a key each call is a job of its own; with one, a repeated call answers the first job. */
  submit(request: SubmitRequest, idempotencyKey?: string): Promise<SubmitAnswer>;
  /** Runs again what the matrix shows in some states. */
  rerun(request: RerunRequest, idempotencyKey?: string): Promise<RerunAnswer>;
  /** Newest first, 50 unless told; `before` continues after that job. */
  jobs(page?: JobsPage): Promise<JobList>;
  /** With the first 200 tasks unless told otherwise. */
  job(jobId: string, page?: JobTasksPage): Promise<JobView>;
  /** With all its tasks, however many requests that takes. */
  wholeJob(jobId: string): Promise<JobView>;
  cancelJob(jobId: string): Promise<CancelAnswer>;
  explainJob(jobId: string): Promise<Explanation>;
  /** Accepted jobs that the task store has lost. */
  lostJobs(): Promise<LostJobList>;
  recoverJob(jobId: string): Promise<RecoverAnswer>;
  task(taskId: string): Promise<TaskView>;
  taskLog(taskId: string, options?: LogOptions): Promise<string>;
  /** Chunks of text until the attempt ends; survives broken connections. */
  followLog(taskId: string, options?: LogOptions): AsyncIterable<string>;
  /** The open response of a bundle's download: read its `body`. */
  taskBundle(taskId: string, options: { readonly withModel: boolean; readonly signal?: AbortSignal }): Promise<Response>;
  /** What bundles are signed with. */
  farmKey(): Promise<FarmKey>;
  agents(): Promise<AgentList>;
  agent(agentId: string): Promise<AgentView>;
  /** The agent gets no more work until the mark ends or {@link unmarkAgent} removes it. */
  markAgent(agentId: string, mark: MarkAgentRequest): Promise<AgentView>;
  unmarkAgent(agentId: string): Promise<AgentView>;
  notifications(): Promise<NotificationsView>;
  /** Sends a test on every channel. */
  testNotifications(): Promise<NotificationsView>;
  /** The certificate that proves the farm. Throws `not-found` where there is none. */
  authority(): Promise<AuthorityView>;
  /** Who asks. */
  caller(): Promise<CallerView>;
  /** A string by which machines join. */
  createJoin(request: CreateJoinRequest): Promise<JoinView>;
  /** Makes the key of an agent void. */
  revokeAgent(agentId: string): Promise<Revoked>;
  tokens(): Promise<ApiTokenList>;
  createToken(request: CreateTokenRequest): Promise<FreshTokenView>;
  revokeToken(tokenId: string): Promise<Revoked>;
  /** Changes, newest first. */
  audit(limit?: number): Promise<AuditList>;
  policy(): Promise<PolicyView>;
  setPolicy(policy: z.input<typeof schedulingPolicySchema>): Promise<PolicyView>;
  models(): Promise<ModelList>;
  /** The files are stored already: {@link uploadFiles}. */
  importModel(request: ImportModelRequest): Promise<ImportedModel>;
  importedData(): Promise<DataList>;
  /** The file is stored already: {@link uploadFiles}. */
  importData(request: ImportDataRequest): Promise<ImportedData>;
  importedResults(): Promise<ResultList>;
  /** As they are remembered. */
  importResults(request: ImportResultsRequest): Promise<ResultList>;
  /** What was removed, or with `dryRun` would be. */
  removeResults(request: RemoveResultsRequest): Promise<ResultList>;
  suites(): Promise<SuiteList>;
  suite(name: string): Promise<SuiteView>;
  /** `idempotencyKey` as for {@link submit}. */
  runSuite(name: string, request: SuiteRunRequest, idempotencyKey?: string): Promise<SuiteRunAnswer>;
  pinSuite(name: string, request: PinSuiteRequest): Promise<SuiteView>;
  unpinSuite(name: string): Promise<SuiteView>;
  recipes(): Promise<RecipeList>;
  recipe(recipeId: string): Promise<RecipeView>;
  /** The open response of a download: read its `body`. */
  artifact(sha256: string): Promise<Response>;
  /** The bytes of a stored blob from an offset on; survives broken connections. The digest is the caller's to check. */
  download(blob: Blob, options?: DownloadOptions): AsyncIterable<Uint8Array>;
  matrix(): Promise<Matrix>;
  /** The matrix as the farm renders it. */
  matrixText(format: Exclude<MatrixFormat, 'json' | 'parquet'>): Promise<string>;
  matrixParquet(): Promise<Uint8Array>;
  /** A page of A4. */
  cellPdf(cellId: string): Promise<Uint8Array>;
  /** Raw samples of its latest result as Parquet. */
  cellSamples(cellId: string): Promise<Uint8Array>;
  matrixList(list: MatrixListName, days?: number): Promise<MatrixList>;
  cell(cellId: string): Promise<CellView>;
  cellHistory(cellId: string, page?: { readonly offset?: number; readonly limit?: number }): Promise<HistoryPage>;
  curateCell(cellId: string, request: CurateCellRequest): Promise<CellView>;
  /** What happens, for ever; survives broken connections without losing or repeating a durable event. */
  events(options?: EventsOptions): AsyncIterable<FarmEvent>;
  openApi(): Promise<Readonly<Record<string, unknown>>>;
}

/** A client for the farm at `options.url`. Throws `invalid-argument` when that is no http address; connects only when a method is called. */
export function createClient(options: ClientOptions): GroveClient {
  const http = new Http(options);
  return {
    url: http.url,
    ...farmMethods(http),
    ...accessMethods(http),
    ...jobMethods(http),
    ...catalogueMethods(http),
    ...matrixMethods(http),
  };
}

function farmMethods(http: Http) {
  return {
    health: () => http.json(ROUTES.health, healthSchema),
    ready: () => http.json(ROUTES.ready, readySchema),
    garbage: () => http.json(ROUTES.garbage, garbageViewSchema),
    collectGarbage: (dryRun) => http.json(ROUTES.collectGarbage, garbageViewSchema, { body: { dryRun } }),
    shutdown: () => http.json(ROUTES.shutdown, shutdownAnswerSchema, { body: {} }),
    agents: () => http.json(ROUTES.agents, agentListSchema),
    agent: (agentId) => http.json(ROUTES.agent, agentViewSchema, { params: { agentId } }),
    markAgent: (agentId, body) => http.json(ROUTES.markAgent, agentViewSchema, { params: { agentId }, body }),
    unmarkAgent: (agentId) => http.json(ROUTES.unmarkAgent, agentViewSchema, { params: { agentId }, body: {} }),
    farmKey: () => http.json(ROUTES.farmKey, farmKeySchema),
    notifications: () => http.json(ROUTES.notifications, notificationsViewSchema),
    testNotifications: () => http.json(ROUTES.testNotifications, notificationsViewSchema, { body: {} }),
    policy: () => http.json(ROUTES.policy, policyViewSchema),
    setPolicy: (body) => http.json(ROUTES.setPolicy, policyViewSchema, { body }),
    events: (options = {}) => followEvents(http, options),
    openApi: () => http.json(ROUTES.openApi, ROUTES.openApi.answers[0].content['application/json']),
  } satisfies Partial<GroveClient>;
}

function accessMethods(http: Http) {
  return {
    authority: () => http.json(ROUTES.authority, authorityViewSchema),
    caller: () => http.json(ROUTES.caller, callerViewSchema),
    createJoin: (body) => http.json(ROUTES.createJoin, joinViewSchema, { body }),
    revokeAgent: (agentId) => http.json(ROUTES.revokeAgent, revokedSchema, { params: { agentId }, body: {} }),
    tokens: () => http.json(ROUTES.tokens, apiTokenListSchema),
    createToken: (body) => http.json(ROUTES.createToken, freshTokenSchema, { body }),
    revokeToken: (tokenId) => http.json(ROUTES.revokeToken, revokedSchema, { params: { tokenId }, body: {} }),
    audit: (limit) => http.json(ROUTES.audit, auditListSchema, { query: { limit } }),
  } satisfies Partial<GroveClient>;
}

function jobMethods(http: Http) {
  return {
    submit: (body, idempotencyKey = crypto.randomUUID()) =>
      http.json(ROUTES.submit, submitAnswerSchema, { body, headers: { 'idempotency-key': idempotencyKey } }),
    rerun: (body, idempotencyKey = crypto.randomUUID()) =>
      http.json(ROUTES.rerun, rerunAnswerSchema, { body, headers: { 'idempotency-key': idempotencyKey } }),
    jobs: ({ states, ...page } = {}) => http.json(ROUTES.jobs, jobListSchema, { query: { ...page, state: states?.join(',') } }),
    job: (jobId, page = {}) => readJob(http, jobId, page),
    wholeJob: (jobId) => readWholeJob(http, jobId),
    cancelJob: (jobId) => http.json(ROUTES.cancelJob, cancelAnswerSchema, { params: { jobId }, body: {} }),
    lostJobs: () => http.json(ROUTES.lostJobs, lostJobListSchema),
    recoverJob: (jobId) => http.json(ROUTES.recoverJob, recoverAnswerSchema, { params: { jobId }, body: {} }),
    explainJob: (jobId) => http.json(ROUTES.explainJob, explanationSchema, { params: { jobId } }),
    task: (taskId) => http.json(ROUTES.task, taskViewSchema, { params: { taskId } }),
    taskLog: (taskId, options = {}) => readLog(http, taskId, options),
    followLog: (taskId, options = {}) => followLog(http, taskId, options),
    taskBundle: (taskId, { withModel, signal }) =>
      http.stream(ROUTES.taskBundle, { params: { taskId }, query: { model: withModel ? '1' : '0' }, ...(signal && { signal }) }),
  } satisfies Partial<GroveClient>;
}

function readJob(http: Http, jobId: string, { states, estimate = false, ...page }: JobTasksPage): Promise<JobView> {
  const query = { ...page, state: states?.join(','), ...(estimate && { estimate: '1' }) };
  return http.json(ROUTES.job, jobViewSchema, { params: { jobId }, query });
}

async function readWholeJob(http: Http, jobId: string): Promise<JobView> {
  const first = await readJob(http, jobId, { limit: MAX_TASKS_PER_PAGE });
  const tasks = [...first.tasks];
  while (tasks.length < first.taskCount) {
    const page = await readJob(http, jobId, { limit: MAX_TASKS_PER_PAGE, offset: tasks.length });
    if (page.tasks.length === 0) break;
    tasks.push(...page.tasks);
  }
  return { ...first, tasks };
}

function catalogueMethods(http: Http) {
  return {
    createUploads: (files) => http.json(ROUTES.createUploads, uploadAnswerSchema, { body: { files } }),
    uploadFiles: (sources, options = {}) => uploadFiles(http, sources, options),
    models: () => http.json(ROUTES.models, modelListSchema),
    importModel: (body) => http.json(ROUTES.importModel, importedModelSchema, { body }),
    importedData: () => http.json(ROUTES.data, dataListSchema),
    importData: (body) => http.json(ROUTES.importData, importedDataSchema, { body }),
    importedResults: () => http.json(ROUTES.results, resultListSchema),
    importResults: (body) => http.json(ROUTES.importResults, resultListSchema, { body }),
    removeResults: (body) => http.json(ROUTES.removeResults, resultListSchema, { body }),
    suites: () => http.json(ROUTES.suites, suiteListSchema),
    suite: (name) => http.json(ROUTES.suite, suiteViewSchema, { params: { name } }),
    runSuite: (name, body, idempotencyKey = crypto.randomUUID()) =>
      http.json(ROUTES.runSuite, suiteRunAnswerSchema, { params: { name }, body, headers: { 'idempotency-key': idempotencyKey } }),
    pinSuite: (name, body) => http.json(ROUTES.pinSuite, suiteViewSchema, { params: { name }, body }),
    unpinSuite: (name) => http.json(ROUTES.unpinSuite, suiteViewSchema, { params: { name }, body: {} }),
    recipes: () => http.json(ROUTES.recipes, recipeListSchema),
    recipe: (recipeId) => http.json(ROUTES.recipe, recipeViewSchema, { params: { recipeId } }),
    artifact: (sha256) => http.stream(ROUTES.artifact, { params: { sha256 } }),
    download: (blob, options = {}) => downloadBlob(http, blob, options),
  } satisfies Partial<GroveClient>;
}

function matrixMethods(http: Http) {
  return {
    matrix: () => http.json(ROUTES.matrix, matrixSchema, { query: { format: 'json' } }),
    matrixText: async (format) => (await http.stream(ROUTES.matrix, { query: { format } })).text(),
    matrixParquet: () => bytesOf(http.stream(ROUTES.matrix, { query: { format: 'parquet' } })),
    cellPdf: (cellId) => bytesOf(http.stream(ROUTES.cellSheet, { params: { cellId } })),
    cellSamples: (cellId) => bytesOf(http.stream(ROUTES.cellSamples, { params: { cellId } })),
    matrixList: (list, days) => http.json(ROUTES.matrixList, matrixListSchema, { params: { list }, query: { days } }),
    cell: (cellId) => http.json(ROUTES.cell, cellViewSchema, { params: { cellId } }),
    cellHistory: (cellId, page = {}) => http.json(ROUTES.cellHistory, historyPageSchema, { params: { cellId }, query: page }),
    curateCell: (cellId, body) => http.json(ROUTES.curateCell, cellViewSchema, { params: { cellId }, body }),
  } satisfies Partial<GroveClient>;
}

async function bytesOf(answer: Promise<Response>): Promise<Uint8Array> {
  return new Uint8Array(await (await answer).arrayBuffer());
}
