import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createClient } from '../../api/client.ts';
import type { SubmitRequest } from '../../api/submit.ts';
import { benchmarked, converted } from './results.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { eventually, TestCoordinator } from './test-coordinator.ts';

let farm: TestCoordinator;

beforeEach(async () => {
  farm = await TestCoordinator.start();
});

afterEach(() => farm.remove());

it('submits a job again that the task store has lost, and its submitter finds it by the same key', async () => {
  const first = await ScriptedAgent.join(farm.address, 'lab-1');
  const files = { 'config.json': await farm.upload('{"model_type":"bert"}'), 'model.safetensors': await farm.upload('weights') };
  const model = { kind: 'uploaded', files } as const;
  const request: SubmitRequest = { recipes: [{ catalogueId: 'trtrtx' }], model, on: 'any', substituteEp: 'cpu', tier: 'smoke' };
  const client = () => createClient({ url: farm.running.url });
  const { jobId } = await client().submit(request, 'lost-job-key');
  expect(await client().lostJobs()).toEqual({ jobs: [] });
  first.close();
  await farm.stop();
  await rm(join(farm.folder, 'coordinator', 'store'), { recursive: true });
  await farm.start();

  const { jobs } = await client().lostJobs();
  expect(jobs).toMatchObject([{ jobId, submitter: 'local', recipeCount: 1, problem: '' }]);
  expect(await client().recoverJob(jobId ?? '')).toEqual({ jobId, recovered: true });
  expect(await client().recoverJob(jobId ?? '')).toEqual({ jobId, recovered: false });
  expect(await client().submit(request, 'lost-job-key')).toMatchObject({ jobId, created: false });
  expect(await client().lostJobs()).toEqual({ jobs: [] });
  await expect(client().recoverJob('j-0000000000000000')).rejects.toMatchObject({ code: 'not-found' });

  const agent = await ScriptedAgent.join(farm.address, 'lab-1');
  const convert = await agent.accept();
  await agent.complete(convert.lease, converted(await farm.upload('converted')));
  const benchmark = await agent.accept();
  await agent.complete(benchmark.lease, benchmarked());
  await eventually(async () => (await client().job(jobId ?? '')).state === 'completed');
  agent.close();
});
