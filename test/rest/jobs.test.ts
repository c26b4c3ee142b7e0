import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobsPage } from '../../api/client.ts';
import type { SubmitRequest } from '../../api/submit.ts';
import { newTask, resultOf, TRANSFER_FAILED } from '../conformance/task-store/documents.ts';
import { codeOf } from '../conformance/task-store/farm.ts';
import { type FarmServer, startFarmServer } from './farm-server.ts';

const REQUEST: SubmitRequest = { recipes: [{ name: 'r.json', text: '{}' }], on: 'any' };

let server: FarmServer;

beforeEach(async () => {
  server = await startFarmServer();
});
afterEach(() => server.close());

describe('submitting', () => {
  it('answers the first job when the key repeats, and refuses the key for another request', async () => {
    const { client } = server;
    const first = await client.submit(REQUEST, 'key-00000001');
    expect(first.created).toBe(true);
    expect(await client.submit(REQUEST, 'key-00000001')).toMatchObject({ created: false, jobId: first.jobId });
    expect(await codeOf(client.submit({ ...REQUEST, strict: true }, 'key-00000001'))).toBe('idempotency-conflict');
    expect((await client.jobs()).jobs).toHaveLength(1);
  });

  it('makes a job of its own for each call without a key', async () => {
    await server.client.submit(REQUEST);
    await server.client.submit(REQUEST);
    expect((await server.client.jobs()).jobs).toHaveLength(2);
  });
});

describe('selectors', () => {
  it('are refused with the column and what is allowed there', async () => {
    const wrong = server.client.submit({ ...REQUEST, where: ['pool=night', 'driver > 3'] });
    await expect(wrong).rejects.toThrow(/\$\.where\[1\]: .*column 8: one of =, !=/);
    expect(await codeOf(server.client.submit({ ...REQUEST, where: { pool: 'night' } }))).toBeUndefined();
  });
});

describe('views', () => {
  it('show a task through its life and never its fencing token', async () => {
    const { client, farm, progress } = server;
    await farm.submit([newTask('job1-0')]);
    await farm.hello('lab');
    const held = await farm.run('lab');
    progress.publish('job1-0', { attempt: 1, stage: 'measure', fraction: 0.5, note: 'launch 2' });
    const running = await client.job('job1');
    expect(running.tasks[0]).toMatchObject({
      state: 'running',
      progress: { stage: 'measure', fraction: 0.5 },
      attempts: [{ agentId: 'lab', ended: null }],
    });
    expect((await client.agent('lab')).state).toBe('busy');
    await farm.complete(held, { state: 'completed', result: resultOf('benchmark') });
    const raw = await (await fetch(`${server.url}/api/v1/tasks/job1-0`)).text();
    expect(raw).toContain('"completed"');
    expect(raw).not.toContain(held.token);
    expect(JSON.stringify(running)).not.toContain(held.token);
    expect((await client.agents()).agents[0]).toMatchObject({ agentId: 'lab', state: 'idle', leases: [] });
  });

  it('leave out progress of an attempt that is over', async () => {
    const { client, farm, progress } = server;
    await farm.submit([newTask('job1-0')]);
    progress.publish('job1-0', { attempt: 1, stage: 'measure', fraction: 0.5, note: '' });
    expect((await client.job('job1')).tasks[0]?.progress).toBeNull();
  });

  it('page through jobs, newest first', async () => {
    for (const id of ['a', 'b', 'c']) await server.farm.submit([newTask(`${id}-0`)], { jobId: id });
    const first = await server.client.jobs({ limit: 2 });
    const rest = await server.client.jobs({ limit: 2, before: first.jobs[1]?.jobId ?? '' });
    expect([...first.jobs, ...rest.jobs].map(({ jobId }) => jobId)).toEqual(['c', 'b', 'a']);
  });

  it('list jobs in some states and of one person, however many others lie between', async () => {
    const { farm, client } = server;
    for (let job = 0; job < 9; job += 1)
      await farm.submit([newTask(`j${job}-0`)], { jobId: `j${job}`, submitter: job % 3 === 0 ? 'bob' : 'ann' });
    for (const jobId of ['j0', 'j1', 'j6']) await farm.cancel(jobId);
    const ids = async (page: JobsPage) => (await client.jobs(page)).jobs.map(({ jobId }) => jobId);
    expect(await ids({ states: ['cancelled'] })).toEqual(['j6', 'j1', 'j0']);
    expect(await ids({ submitter: 'bob', states: ['running'] })).toEqual(['j3']);
    const first = await client.jobs({ submitter: 'bob', limit: 2 });
    expect(await ids({ submitter: 'bob', limit: 2, before: first.next ?? '' })).toEqual(['j0']);
    expect(await codeOf(client.jobs({ states: ['odd' as 'running'] }))).toBe('invalid-request');
  });

  it('show a sweep page by page and by state, and never all of it', async () => {
    const { farm, client } = server;
    const error = { ...TRANSFER_FAILED };
    const tasks = Array.from({ length: 450 }, (_, index) => newTask(`job1-${index}`));
    await farm.submit(tasks.map((task, index) => (index < 3 ? { ...task, endedAs: { state: 'failed' as const, error } } : task)));
    const first = await client.job('job1');
    expect([first.tasks.length, first.taskCount, first.taskOffset]).toEqual([200, 450, 0]);
    const last = await client.job('job1', { offset: 440, limit: 20 });
    expect(last.tasks.map(({ taskId }) => taskId).at(-1)).toBe('job1-449');
    const failed = await client.job('job1', { states: ['failed', 'exception'] });
    expect([failed.tasks.length, failed.taskCount]).toEqual([3, 3]);
    expect((await client.wholeJob('job1')).tasks.map(({ taskId }) => taskId)).toEqual(tasks.map(({ taskId }) => taskId));
    const page = await (await fetch(`${server.url}/jobs/job1?offset=400`)).text();
    expect(page).toContain('401 to 450 of 450');
    expect(page.match(/<tr>/g)?.length).toBeLessThan(60);
    expect(await (await fetch(`${server.url}/jobs/job1?state=failed`)).text()).toContain('3 of 450: 3 failed');
  });

  it('say when tasks that have not ended start and end, when they are asked', async () => {
    const { farm, client } = server;
    await farm.submit([newTask('job1-0'), newTask('job1-1')]);
    const silent = await client.job('job1');
    expect([silent.estimate, ...silent.tasks.map(({ estimate }) => estimate)]).toEqual([undefined, undefined, undefined]);
    await farm.hello('lab');
    await farm.complete(await farm.run('lab'), { state: 'completed', result: resultOf('benchmark') });
    const estimate = { startMs: 0, endMs: 61_000, unknown: '' };
    const view = await client.job('job1', { estimate: true });
    expect([view.estimate, ...view.tasks.map((task) => task.estimate)]).toEqual([estimate, undefined, estimate]);
    const page = await client.job('job1', { estimate: true, limit: 1 });
    expect(page.estimate).toBeUndefined();
    await farm.addTasks('job1', [newTask('job1-2')]);
    const part = await client.job('job1', { estimate: true, limit: 2 });
    expect(part.estimate).toEqual({ startMs: 0, endMs: null, unknown: 'it has more tasks than are looked at' });
    const html = await (await fetch(`${server.url}/plain/jobs/job1`)).text();
    expect(html).toContain('Ends in about 1m 1s.');
    expect(html).toContain('now, ends in 1m 1s');
  });

  it('count what a cancel ended', async () => {
    await server.farm.submit([newTask('job1-0'), newTask('job1-1')]);
    expect(await server.client.cancelJob('job1')).toEqual({ cancelled: 2 });
    expect((await server.client.job('job1')).state).toBe('cancelled');
    expect(await codeOf(server.client.cancelJob('none'))).toBe('not-found');
  });

  it('show the catalogue with what Grove can run and lint findings', async () => {
    const { recipes } = await server.client.recipes();
    expect(recipes).toHaveLength(5);
    const wanted = recipes.find(({ recipeId }) => recipeId.endsWith('trtrtx.json'));
    expect(wanted).toMatchObject({ supported: true, unsupported: [], target: 'gpu NvTensorRTRTXExecutionProvider' });
    const shown = await server.client.recipe(wanted?.recipeId ?? '');
    expect(JSON.parse(shown.text)).toHaveProperty('passes');
    expect(shown.passes[0]).toMatchObject({ type: 'OnnxConversion', native: true, params: expect.any(Object) });
  });
});

describe('logs', () => {
  it('are followed until the attempt ends', async () => {
    const { client, farm, logs } = server;
    await farm.submit([newTask('job1-0')]);
    await farm.hello('lab');
    const followed: string[] = [];
    const done = (async () => {
      for await (const text of client.followLog('job1-0')) followed.push(text);
    })();
    const held = await farm.run('lab');
    logs.append('job1-0', 1, { sequence: 0, text: 'warm-up ü\n' });
    logs.append('job1-0', 1, { sequence: 1, text: 'measured\n' });
    await farm.complete(held, { state: 'completed', result: resultOf('benchmark') });
    logs.end('job1-0', 1);
    await done;
    expect(followed.join('')).toBe('warm-up ü\nmeasured\n');
    expect(await client.taskLog('job1-0', { attempt: 1 })).toBe('warm-up ü\nmeasured\n');
  });

  it('end at once for a task that ended without an attempt', async () => {
    await server.farm.submit([newTask('job1-0')]);
    await server.farm.cancel('job1');
    const followed: string[] = [];
    for await (const text of server.client.followLog('job1-0')) followed.push(text);
    expect(followed).toEqual([]);
  });

  it('continue after a broken connection at the byte where it broke', async () => {
    const { client, farm, logs } = server;
    await farm.submit([newTask('job1-0')]);
    await farm.hello('lab');
    const held = await farm.run('lab');
    await farm.complete(held, { state: 'completed', result: resultOf('benchmark') });
    logs.append('job1-0', 1, { sequence: 0, text: 'ünï' });
    expect(await (await fetch(`${server.url}/api/v1/tasks/job1-0/logs?attempt=1&offset=2`)).text()).toBe('nï');
    expect(await codeOf(client.taskLog('job1-0', { attempt: 7 }))).toBe('not-found');
  });

  it('are refused beyond the number of streams', async () => {
    const small = await startFarmServer({ limits: { logStreams: 0 } });
    await small.farm.submit([newTask('job1-0')]);
    const answer = await fetch(`${small.url}/api/v1/tasks/job1-0/logs?follow=1`);
    expect(answer.status).toBe(429);
    await small.close();
  });
});

describe('stopping', () => {
  it('is asked for after the answer', async () => {
    expect(await server.client.shutdown()).toEqual({ stopping: true });
    await expect.poll(() => server.shutdowns()).toBe(1);
  });

  it('leaves a client that says so', async () => {
    const { client } = server;
    await server.close();
    expect(await codeOf(client.health())).toBe('not-running');
    server = await startFarmServer();
  });
});
