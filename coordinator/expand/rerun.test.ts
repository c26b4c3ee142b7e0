import { describe, expect, it } from 'vitest';
import { sha256 } from '../../platform/sha256.ts';
import { newTask } from '../../test/conformance/task-store/documents.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf } from '../../test/farm/devices.ts';
import { jobSpecOf } from '../../test/farm/jobs.ts';
import type { JobRecord, TaskRecord } from '../store/task-store.ts';
import { expandRerun } from './rerun.ts';

const blob = { sha256: 'd'.repeat(64), sizeBytes: 3 };

describe('a rerun', () => {
  it('takes what its benchmarks have in common, and nothing that the first job wanted of its own time or rows', () => {
    const own = {
      followForMs: 5_000,
      deadlineMs: 7_000,
      data: { xnli: { path: 'data/x.jsonl', origin: 'local' } },
      dataFiles: { 'data/x.jsonl': blob },
    } as const;
    const kept = { tier: 'ranked', minCosine: 0.5, strict: true, substituteEp: 'cpu', task: 'text-classification' } as const;
    const job = { spec: jobSpecOf({ ...kept, ...own }) } as JobRecord;
    const task = { ...newTask('j-1-1'), state: 'completed' } as unknown as TaskRecord;
    const needs = [{ ...newTask('c-1', 'convert'), state: 'completed' } as unknown as TaskRecord];
    const { spec, tasks } = expandRerun({
      jobId: 'j-2',
      items: [{ task, unit: 'lab/cpu0', deviceModel: null, needs, job }],
      agents: [agentOf('lab', [deviceOf('lab/cpu0')])],
      priority: 'sweep',
      cause: { kind: 'rerun', reason: 'run again' },
      sha256,
    });
    expect(tasks).toHaveLength(2);
    expect(spec).toMatchObject({ ...kept, data: {}, dataFiles: {}, priority: 'sweep', coverage: 'any', cause: { rerunOf: ['j-1-1'] } });
    for (const name of ['followForMs', 'deadlineMs']) expect(spec).not.toHaveProperty(name);
  });
});
