import type { TaskEstimate } from '../../api/estimates.ts';
import { type Explanation, MAX_EXPLAINED_DEVICES, type TaskExplanation } from '../../api/jobs.ts';
import { markText } from '../../domain/agent-mark.ts';
import type { DeviceProfile } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import { deadlineEnd } from '../../domain/job.ts';
import type { JobId } from '../../domain/names.ts';
import { limitsFor, quotaInTheWay, type SchedulingPolicy } from '../../domain/policy.ts';
import { matchesUnit, refusals } from '../../domain/requirement.ts';
import type { TaskState } from '../../domain/task-state.ts';
import type { AgentRecord, TaskRecord, TaskStore } from '../store/task-store.ts';

export type ExplainStore = Pick<TaskStore, 'job' | 'tasksOf' | 'task' | 'agents' | 'position' | 'policy' | 'leaseCounts'>;

export interface ExplainDeps {
  readonly store: ExplainStore;
  /** A look at the fleet that tells when tasks start and end. */
  readonly estimates: { open(): Promise<{ of(task: TaskRecord): Promise<TaskEstimate> }> };
}

/** Tasks explained at once: each asks for its place in a queue, and a sweep has thousands. */
const MAX_EXPLAINED = 50;

const OPEN = ['running', 'leased', 'pending', 'waiting'] as const satisfies readonly TaskState[];

/** Why the first tasks of a job that have not ended are where they are, and how many more there are. Throws `not-found`. */
export async function explainJob({ store, estimates }: ExplainDeps, jobId: JobId): Promise<Explanation> {
  const job = await store.job(jobId);
  if (job === undefined) throw new GroveError('not-found', { kind: 'job', id: jobId });
  const page = { offset: 0, limit: MAX_EXPLAINED, states: OPEN };
  const [open, agents, policy, leaseCounts, look] = await Promise.all([
    store.tasksOf(jobId, page),
    store.agents(),
    store.policy(),
    store.leaseCounts(),
    estimates.open(),
  ]);
  const fleet = { agents, policy, leaseCounts, estimateOf: look.of };
  const tasks = await Promise.all(open.map((task) => explainTask(store, task, fleet)));
  return { tasks, deadlineAt: deadlineEnd(job), more: OPEN.reduce((total, state) => total + job.counts[state], 0) - tasks.length };
}

/** Who could work, and what is shared out already. */
interface Fleet {
  readonly agents: readonly AgentRecord[];
  readonly policy: SchedulingPolicy;
  readonly leaseCounts: Readonly<Record<string, number>>;
  estimateOf(task: TaskRecord): Promise<TaskEstimate>;
}

async function explainTask(store: ExplainStore, task: TaskRecord, fleet: Fleet): Promise<TaskExplanation> {
  const needs = await Promise.all(task.needs.map((taskId) => store.task(taskId)));
  const judged = judgeDevices(task, fleet);
  return {
    taskId: task.taskId,
    kind: task.spec.kind,
    recipeId: task.spec.recipe.recipeId,
    state: task.state,
    position: (await store.position(task.taskId)) ?? null,
    estimate: await fleet.estimateOf(task),
    ...bounded(judged),
    needs: needs.flatMap((need) => (need === undefined ? [] : [{ taskId: need.taskId, state: need.state }])),
  };
}

type Judged = Pick<TaskExplanation, 'matching' | 'refused'>;

/** The first devices of either side, those that are idle before others. */
function bounded({ matching, refused }: Judged) {
  const idleFirst = [...matching].sort((a, b) => Number(b.status === 'idle') - Number(a.status === 'idle'));
  return {
    matching: idleFirst.slice(0, MAX_EXPLAINED_DEVICES),
    matchingCount: matching.length,
    refused: refused.slice(0, MAX_EXPLAINED_DEVICES),
    refusedCount: refused.length,
  };
}

/** Every known device either matches, with what its agent does now, or is refused with one line per checker. */
function judgeDevices(task: TaskRecord, fleet: Fleet): Judged {
  const { requirement } = task;
  const judged: { matching: Judged['matching']; refused: Judged['refused'] } = { matching: [], refused: [] };
  for (const agent of fleet.agents) {
    for (const { name, profile } of agent.devices) {
      const lines = refusals(requirement, profile).map(({ line }) => line);
      if (!matchesUnit(requirement, name)) lines.push(`is not ${requirement.unit}`);
      if (lines.length > 0) judged.refused.push({ deviceName: name, lines });
      else
        judged.matching.push({
          deviceName: name,
          ...(avoiding(task, agent) ?? heldBack(task, profile, fleet) ?? availabilityOf(agent, fleet.agents)),
        });
    }
  }
  return judged;
}

/** A pending task that has just failed on this device's host. */
function avoiding({ avoid, error }: TaskRecord, { host }: AgentRecord) {
  if (avoid?.hostId !== host.hostId) return undefined;
  const until = new Date(avoid.until).toISOString();
  return {
    status: 'avoided',
    why: `the last attempt there ended as ${error?.code ?? 'an exception'}; other hosts go first until ${until}`,
  };
}

/** A pending task that a quota keeps off this device. */
function heldBack({ state, submitter }: TaskRecord, { labels }: DeviceProfile, { policy, leaseCounts }: Fleet) {
  if (state !== 'pending') return undefined;
  const why = quotaInTheWay(limitsFor(policy, submitter, labels['pool'] ?? null), leaseCounts);
  return why === undefined ? undefined : { status: 'quota', why };
}

function availabilityOf(agent: AgentRecord, agents: readonly AgentRecord[]): { status: string; why: string } {
  if (agent.connection !== 'connected') return { status: 'offline', why: `agent ${agent.agentId} is not connected` };
  if (agent.mark !== null) return { status: agent.mark.kind, why: markText(agent.mark) };
  if (agent.status.state !== 'ready') return { status: agent.status.state, why: agent.status.why };
  const neighbours = agents.filter(({ host }) => host.hostId === agent.host.hostId);
  const leases = neighbours.flatMap(({ leases: held }) => held);
  if (leases.length > 0) return { status: 'busy', why: `its host runs ${leases.map(({ taskId }) => taskId).join(', ')}` };
  return { status: 'idle', why: '' };
}
