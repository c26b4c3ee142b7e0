import { GroveError, toGroveError } from '../domain/errors.ts';
import { DEADLINE_NAME } from '../domain/job.ts';
import type { JobId, TaskId } from '../domain/names.ts';
import type { Principal } from '../domain/principal.ts';
import type { Assignment } from '../domain/task.ts';
import { sha256 } from '../platform/sha256.ts';
import { VERSION } from '../platform/version.ts';
import { createRecentClaims } from './artifacts/recent-claims.ts';
import { Estimates } from './estimate/estimates.ts';
import { RecentDurations } from './estimate/recent-durations.ts';
import { expand } from './expand/expand.ts';
import { linkResolved } from './expand/link-resolved.ts';
import { expandRerun } from './expand/rerun.ts';
import { serveAgent } from './grpc/agent-session.ts';
import { startGrpcServer } from './grpc/server.ts';
import { createReaper } from './lease/reaper.ts';
import { createParseCache } from './parse-cache.ts';
import type { Parts } from './parts.ts';
import type { RestDeps } from './rest/deps.ts';
import { createDispatcher } from './schedule/dispatcher.ts';
import { explainJob } from './schedule/explain.ts';
import { startTriggers, type Triggers } from './start-triggers.ts';
import { SHARED_LEASES_PER_HOST } from './store/order.ts';
import { createJobArchive } from './submit/archive.ts';
import { createFollowUp } from './submit/follow-up.ts';
import { lostJobs, type RecoverDeps, recoverJob } from './submit/recover.ts';
import { type RerunDeps, rerun } from './submit/rerun.ts';
import { createSubmitService } from './submit/submit.ts';

export interface Commands extends Triggers {
  readonly jobs: RestDeps['jobs'];
}

/** What a user asks of jobs; starts the work that goes on behind a submit. */
export async function startCommands(parts: Parts): Promise<Commands> {
  const { undo, log, clock, store, kinds, artifacts, catalogue, imports, sessions } = parts;
  const archive = createJobArchive({
    artifacts,
    index: parts.openArtifacts.jobIndex,
    clock,
    onArchived: (jobId, digest) => log('job-archived', { jobId, sha256: digest }),
    onGivenUp: (jobId, error) => log('job-not-archived', { jobId, error: String(error) }),
  });
  undo.add(() => archive.stop());
  archive.catchUp(await store.runningJobs());
  const followUp = createFollowUp({
    store,
    kindOf: (taskId) => kinds.of(taskId),
    clock,
    link: (input) => linkResolved({ ...input, sha256 }),
    onLinked: (jobId, conversions) => log('conversions-linked', { jobId, conversions }),
    onError: (jobId, error) => log('follow-up-failed', { jobId, error: String(error) }),
  });
  undo.add(() => followUp.stop());
  await followUp.start();
  const parse = createParseCache();
  const durations = new RecentDurations({
    store,
    clock,
    onError: (error) => log('durations-not-read', { error: toGroveError(error).message }),
  });
  durations.start();
  undo.add(() => durations.stop());
  const estimates = new Estimates({ store, durations, clock, sharedLeasesPerHost: SHARED_LEASES_PER_HOST });
  const { submit } = createSubmitService({
    store,
    artifacts: createRecentClaims(artifacts),
    catalogue,
    imports,
    archive,
    estimates,
    clock,
    sha256,
    parse,
    expand: (input) => expand({ ...input, catalogue, sha256, parse }),
  });
  const rerunDeps: RerunDeps = {
    store,
    archive,
    estimates,
    clock,
    sha256,
    matrix: () => parts.histories.matrix(),
    expandRerun: (input) => expandRerun({ ...input, sha256 }),
  };
  const { suites, fleetWatch } = startTriggers(parts, { submit, parse, lookAt: (jobId) => followUp.look(jobId) });
  const recoverDeps: RecoverDeps = {
    store,
    artifacts,
    index: parts.openArtifacts.jobIndex,
    clock,
    sha256,
    importedData: () => imports.data(),
    expand: (input) => expand({ ...input, catalogue, sha256, parse }),
  };
  const jobs: RestDeps['jobs'] = {
    submit: async (request, context) => {
      const answer = await submit(request, context);
      // Devices that appeared while it was expanded.
      if (request.followForMs !== undefined) fleetWatch.note();
      return answer;
    },
    rerun: (request, context) => rerun(rerunDeps, request, context),
    cancel: (jobId, principal) => cancelJob({ store, clock, sessions, log }, jobId, principal),
    explain: (jobId) => explainJob({ store, estimates }, jobId),
    estimate: (tasks) => estimates.ofTasks(tasks),
    lost: () => lostJobs(recoverDeps),
    recover: async (jobId) => {
      const recovered = await recoverJob(recoverDeps, jobId);
      if (recovered) log('job-recovered', { jobId });
      return recovered;
    },
  };
  return { jobs, suites, fleetWatch };
}

async function cancelJob(
  { store, clock, sessions, log }: Pick<Parts, 'store' | 'clock' | 'sessions' | 'log'>,
  jobId: JobId,
  principal: Principal,
) {
  if ((await store.job(jobId)) === undefined) throw new GroveError('not-found', { kind: 'job', id: jobId });
  const answer = await store.cancelJob({ now: clock.now(), principal, jobId });
  for (const { agentId, taskId, attempt } of answer.running)
    sessions.tell({ type: 'cancel', agentId, lease: { taskId, attempt }, by: principal.name });
  log('job-cancelled', { jobId, by: principal.name, tasks: answer.cancelledTasks.length, running: answer.running.length });
  return answer;
}

/** Dispatcher, reaper and the agents' server; returns the server's address. */
export async function startAgents(parts: Parts, { fleetWatch }: Pick<Commands, 'fleetWatch'>): Promise<string> {
  const { config, access, undo, log, clock, random, store, kinds, artifacts, sessions, logs, progress, farm, coordinatorId } = parts;
  const onError = (error: unknown): void => log('internal-error', { error: toGroveError(error).message });
  const onAssigned = (agentId: string, { lease, deviceName, spec }: Assignment): void => {
    kinds.remember(lease.taskId, spec.kind);
    log('task-assigned', { agentId, taskId: lease.taskId, attempt: lease.attempt, deviceName });
  };
  const dispatcher = createDispatcher({ store, clock, random, sharedLeasesPerHost: SHARED_LEASES_PER_HOST, onAssigned, onError });
  dispatcher.start();
  undo.add(() => dispatcher.stop());
  const reaper = createReaper({
    store,
    clock,
    turn: farm.reaperTurn,
    onError,
    onHold: (why, holdMs) => log('expiry-held', { why, holdMs }),
    onEnded: ({ agentId, taskId, attempt }) => {
      log('attempt-expired', { agentId, taskId, attempt });
      sessions.tell({ type: 'revoke', agentId, lease: { taskId, attempt }, why: 'its lease ran out of time' });
    },
    onStopped: ({ agentId, taskId, attempt }) => {
      log('job-overdue', { agentId, taskId, attempt });
      sessions.tell({ type: 'cancel', agentId, lease: { taskId, attempt }, by: DEADLINE_NAME });
    },
  });
  reaper.start();
  undo.add(() => reaper.stop());
  farm.onTrouble((trouble) => {
    reaper.hold(trouble);
    // Notices that came meanwhile are lost.
    if (trouble === 'store-reconnect') sessions.repeatCancels();
  });
  const session = {
    store,
    artifacts,
    dispatcher,
    sessions,
    logs,
    progress,
    kindOf: (taskId: TaskId) => kinds.of(taskId),
    clock,
    sha256,
    coordinatorId,
    version: VERSION,
    log,
    onHello: () => fleetWatch.note(),
  };
  const server = await startGrpcServer({
    host: config.host,
    port: config.grpcPort,
    exposure: access.exposure,
    enrolments: access.enrolment?.enrolments,
    log,
    serve: (stream, identity) => serveAgent(stream, identity, session),
  });
  undo.add(() => server.stop());
  return server.address;
}
