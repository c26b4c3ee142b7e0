import { afterEach, beforeEach, expect, it } from 'vitest';
import { ERRORS } from '../../domain/errors.ts';
import { newTask, TRANSFER_FAILED } from '../conformance/task-store/documents.ts';
import { type FarmServer, startFarmServer } from './farm-server.ts';

let server: FarmServer;
beforeEach(async () => {
  server = await startFarmServer();
});
afterEach(() => server.close());

/** Samples by name and labels as they are printed. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

const CPU = 'kind="benchmark",ep="CPUExecutionProvider",device_class="cpu"';

it('tells what waits, how long, and what the devices do', async () => {
  const { farm } = server;
  await farm.hello('lab');
  await farm.submit([newTask('b-1'), newTask('b-2')]);
  const waiting = await scrape();
  expect(waiting.get(`grove_queue_tasks{${CPU}}`)).toBe(2);
  expect(waiting.get(`grove_queue_oldest_seconds{${CPU}}`)).toBeGreaterThanOrEqual(0);
  expect(waiting.get('grove_devices{device_class="cpu",state="idle"}')).toBe(1);
  await farm.run('lab');
  const running = await scrape();
  expect(running.get(`grove_queue_tasks{${CPU}}`)).toBe(1);
  expect(running.get('grove_devices{device_class="cpu",state="busy"}')).toBe(1);
  expect(running.has('grove_devices{device_class="cpu",state="idle"}')).toBe(false);
  expect(running.get('grove_leases')).toBe(1);
});

it('counts how attempts end and times their stages', async () => {
  const { farm, progress, clock } = server;
  await farm.hello('lab');
  await farm.submit([newTask('b-1', 'benchmark', { maxAttempts: 1 })]);
  const held = await farm.run('lab');
  progress.publish('b-1', { attempt: 1, stage: 'fetch', fraction: 0, note: '' });
  clock.move(4_000);
  progress.publish('b-1', { attempt: 1, stage: 'measure', fraction: 0, note: '' });
  clock.move(90_000);
  await farm.complete(held, { state: 'exception', error: TRANSFER_FAILED });
  const samples = await scrape();
  expect(samples.get('grove_attempts_ended_total{state="exception",code="transfer-failed"}')).toBe(1);
  expect(samples.get('grove_stage_seconds_count{stage="fetch"}')).toBe(1);
  expect(samples.get('grove_stage_seconds_sum{stage="measure"}')).toBeGreaterThanOrEqual(90);
});

it('shows the stores, and a store that does not answer as a figure', async () => {
  const samples = await scrape();
  for (const name of ['grove_store_up', 'grove_artifacts_up']) expect(samples.get(name)).toBe(1);
  for (const name of ['grove_store_latency_seconds', 'grove_artifacts_latency_seconds'])
    expect(samples.get(name)).toBeGreaterThanOrEqual(0);
  await server.farm.store.stop();
  server.farm.store.queues = () => Promise.reject(new Error('away'));
  expect((await scrape()).get('grove_store_up')).toBe(0);
});

it('takes no label from what people name', async () => {
  const { farm } = server;
  await farm.hello('lab');
  for (let index = 0; index < 20; index++)
    await farm.submit([
      newTask(`b-${index}`, 'benchmark', { requirement: { ep: `Own${index}ExecutionProvider`, unit: `lab-${index}/npu0` } }),
    ]);
  const queues = [...(await scrape()).keys()].filter((name) => name.startsWith('grove_queue_tasks'));
  expect(queues).toEqual(['grove_queue_tasks{kind="benchmark",ep="other",device_class="cpu"}']);
  expect(Object.keys(ERRORS).length).toBeLessThan(200);
});

it('answers where orchestrators ask', async () => {
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  const ready = await fetch(`${server.url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true }]);
});
