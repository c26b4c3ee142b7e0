import { describe, expect, it } from 'vitest';
import { STAGES } from '../../domain/task.ts';
import { BENCHMARK_TASK } from './benchmark-task.ts';
import { CONVERT_TASK } from './convert-task.ts';
import { RESOLVE_TASK } from './resolve-task.ts';

describe('the stages of every kind of task', () => {
  it('are those the protocol names, in its order', () => {
    expect({ resolve: RESOLVE_TASK.stages, convert: CONVERT_TASK.stages, benchmark: BENCHMARK_TASK.stages }).toEqual(STAGES);
  });
});
