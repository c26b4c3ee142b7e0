import type { TaskSpec } from '../../domain/task.ts';
import type { TaskRecord } from '../store/task-store.ts';

/** Names under which durations are remembered and looked for, the nearest first; each with the model of the device added. */
export type WorkKeys = readonly string[];

/** Of a task: as its recipe does it, else as its kind and tier does. */
export function keysOfSpec(spec: TaskSpec): WorkKeys {
  switch (spec.kind) {
    case 'resolve':
      return [`resolve ${spec.modelId}`, 'resolve'];
    case 'convert':
      return keysOfConversion(spec.recipe.digest, spec.task);
    case 'benchmark': {
      const tier = `benchmark ${spec.tier} ${spec.launches ?? ''}`;
      return [`${tier} ${spec.recipe.digest} ${spec.executedEp} ${spec.task ?? ''}`, tier];
    }
  }
}

/** Of a conversion whose source is not known yet. */
export function keysOfConversion(recipeDigest: string, task: string | null): WorkKeys {
  return [`convert ${recipeDigest} ${task ?? ''}`, 'convert'];
}

/** Of tasks of which only the requirement is known: those of a queue. */
export function keysOfQueue({ requirementDigest, requirement }: Pick<TaskRecord, 'requirementDigest' | 'requirement'>): WorkKeys {
  return [`queue ${requirementDigest}`, requirement.kind];
}
