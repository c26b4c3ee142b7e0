import { MAX_PLAN_DEVICES, type Plan } from '../../api/submit.ts';
import { GroveError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/json.ts';
import type { TaskId } from '../../domain/names.ts';
import { normalizeRequirement, requirementDigest } from '../../domain/requirement.ts';
import { DEFAULT_RETRY } from '../../domain/retry.ts';
import type { TaskSpec } from '../../domain/task.ts';
import type { NewTask } from '../store/task-store.ts';
import type { Placement, RefusedDevice } from './placement.ts';

/** A task and what its submitter is told about it. */
export interface Step {
  readonly task: NewTask;
  readonly plan: Plan['tasks'][number];
}

export interface TaskFacts {
  readonly taskId: TaskId;
  readonly spec: TaskSpec;
  readonly needs: readonly TaskId[];
  readonly endedAs?: NewTask['endedAs'];
}

/** A task where it is placed. */
export function makeTask({ taskId, spec, needs, endedAs }: TaskFacts, placement: Pick<Placement, 'requirement'>, sha256: Sha256): NewTask {
  const requirement = normalizeRequirement(placement.requirement);
  const digest = requirementDigest(requirement, sha256);
  const task: NewTask = { taskId, spec, requirement, requirementDigest: digest, needs, retry: DEFAULT_RETRY };
  return endedAs === undefined ? task : { ...task, endedAs };
}

/** Adds what the submitter sees: where it could run, in which state it starts and why. */
export function makeStep(task: NewTask, { deviceModel, deviceNames }: Placement): Step {
  const { taskId, spec, endedAs, needs } = task;
  const nobody = deviceNames.length === 0 ? 'no known device can take it yet' : '';
  const plan: Step['plan'] = {
    taskId,
    kind: spec.kind,
    recipeId: spec.recipe.recipeId,
    executedEp: spec.kind === 'benchmark' ? spec.executedEp : null,
    deviceModel,
    deviceNames: deviceNames.slice(0, MAX_PLAN_DEVICES),
    deviceCount: deviceNames.length,
    state: endedAs?.state ?? (needs.length > 0 ? 'waiting' : 'pending'),
    reason: endedAs?.error.message ?? nobody,
    estimate: null,
  };
  return { task, plan };
}

const MAX_REASONS_IN_MESSAGE = 3;

/** @param what is to be run, for the message. */
export function unsatisfiable(what: string, refused: readonly RefusedDevice[]): GroveError {
  const shown = refused.slice(0, MAX_REASONS_IN_MESSAGE).map(({ deviceName, lines }) => `${deviceName} ${lines.join(' and ')}`);
  const why = refused.length === 0 ? 'no agent has ever connected' : shown.join('; ');
  const more = refused.length > MAX_REASONS_IN_MESSAGE ? `; and ${refused.length - MAX_REASONS_IN_MESSAGE} more` : '';
  const problems = refused.map(({ deviceName, lines }) => ({ path: deviceName, message: lines.join('; ') }));
  return new GroveError('unsatisfiable', { what, why: `${why}${more}` }, { problems });
}
