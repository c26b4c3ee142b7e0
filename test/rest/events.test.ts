import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient } from '../../api/client.ts';
import { EVENT_HEARTBEAT_MS, type FarmEvent } from '../../api/events.ts';
import { newTask, resultOf } from '../conformance/task-store/documents.ts';
import { type FarmServer, startFarmServer } from './farm-server.ts';
import { rawRequest } from './raw-request.ts';

let server: FarmServer;
let stop: AbortController;

beforeEach(async () => {
  server = await startFarmServer();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await server.close();
});

/** Events received up to now; fills in the background until the test ends. */
function collect(events: AsyncIterable<FarmEvent>): FarmEvent[] {
  const received: FarmEvent[] = [];
  void (async () => {
    for await (const event of events) received.push(event);
  })();
  return received;
}

const sequences = (events: readonly FarmEvent[]) =>
  events.flatMap((event) => ('sequence' in event && event.type !== 'reset' ? [event.sequence] : []));

describe('events', () => {
  it('are sent from the beginning, in order, then as they happen', async () => {
    await server.farm.submit([newTask('job1-0')]);
    const received = collect(server.client.events({ after: 0, signal: stop.signal }));
    await expect.poll(() => sequences(received)).toEqual(server.farm.events.map(({ sequence }) => sequence));
    await server.farm.hello('lab');
    const held = await server.farm.run('lab');
    await server.farm.complete(held, { state: 'completed', result: resultOf('benchmark') });
    await expect.poll(() => sequences(received)).toEqual(server.farm.events.map(({ sequence }) => sequence));
    expect(received.filter(({ type }) => type === 'task').at(-1)).toMatchObject({ taskId: 'job1-0', state: 'completed' });
    expect(JSON.stringify(received)).not.toContain(held.token);
  });

  it('of one job leave out what happens to others', async () => {
    const { farm, client, progress } = server;
    const received = collect(client.events({ jobId: 'a', after: 0, signal: stop.signal }));
    await farm.submit([newTask('c-1', 'convert'), newTask('a-0', 'benchmark', { needs: ['c-1'] })], { jobId: 'a' });
    await farm.submit([newTask('b-0')], { jobId: 'b' });
    await farm.hello('lab');
    const held = await farm.run('lab');
    expect(held.taskId).toBe('c-1');
    await expect.poll(() => received.filter(({ type }) => type === 'task').length).toBe(4);
    for (const taskId of ['b-0', 'c-1']) progress.publish(taskId, { attempt: 1, stage: 'convert', fraction: 0.5, note: '' });
    await farm.complete(held, { state: 'completed', result: resultOf('convert') });
    await expect.poll(() => received.filter(({ type }) => type === 'task').length).toBe(6);
    expect(received.flatMap((event) => (event.type === 'progress' || event.type === 'task' ? [event.taskId] : []))).not.toContain('b-0');
    expect(received.flatMap((event) => (event.type === 'progress' ? [event.taskId] : []))).toEqual(['c-1']);
    expect(received.every(({ type }) => type === 'job' || type === 'task' || type === 'progress')).toBe(true);
  });

  it('arrive exactly once over connections that break', async () => {
    let connections = 0;
    // Each connection breaks after a few bytes; the client has to come back for the rest.
    const breaking: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      connections += 1;
      if (connections > 4 || response.body === null) return response;
      return new Response(cutAfter(response.body, 400), response);
    };
    for (let job = 0; job < 10; job += 1) await server.farm.submit([newTask(`j${job}-0`)], { jobId: `j${job}` });
    const client = createClient({ url: server.url, fetch: breaking, retryDelayMs: 1 });
    const received = collect(client.events({ after: 0, signal: stop.signal }));
    await expect.poll(() => sequences(received)).toEqual(server.farm.events.map(({ sequence }) => sequence));
    expect(connections).toBeGreaterThan(4);
  });

  it('tell when the past is no longer kept whole', async () => {
    const kept = await startFarmServer({ deps: { store: forgetful(server) } });
    const received = collect(kept.client.events({ after: 2, signal: stop.signal }));
    await server.farm.submit([newTask('job1-0')]);
    await expect.poll(() => received[0]).toEqual({ type: 'reset', sequence: 9 });
    await kept.close();
  });

  it('carry progress, which is not repeated', async () => {
    const received = collect(server.client.events({ signal: stop.signal }));
    await expect
      .poll(() => {
        server.progress.publish('job1-0', { attempt: 1, stage: 'measure', fraction: 0.25, note: '' });
        return received.length;
      })
      .toBeGreaterThan(0);
    expect(received[0]).toEqual({ type: 'progress', taskId: 'job1-0', attempt: 1, stage: 'measure', fraction: 0.25, note: '' });
  });

  it('beat while nothing happens', async () => {
    const response = await fetch(`${server.url}/api/v1/events`, { signal: stop.signal });
    const reader = response.body?.getReader();
    server.clock.move(EVENT_HEARTBEAT_MS);
    const { value } = (await reader?.read()) ?? {};
    expect(new TextDecoder().decode(value)).toBe(': alive\n\n');
  });

  it('refuse an event id that is no number', async () => {
    expect((await rawRequest(server.url, '/api/v1/events', { headers: { 'last-event-id': 'x' } })).status).toBe(400);
  });

  it('are not kept without end for a reader that does not read', async () => {
    const small = await startFarmServer({ limits: { eventBacklog: 50 } });
    const socket = connect(Number(new URL(small.url).port), '127.0.0.1');
    socket.write(`GET /api/v1/events HTTP/1.1\r\nhost: ${new URL(small.url).host}\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const answered = () => small.log.answered.some(({ path }) => path === '/api/v1/events');
    await expect
      .poll(() => {
        for (let event = 0; event < 2_000; event += 1)
          small.progress.publish('t', { attempt: 1, stage: 'measure', fraction: 0, note: 'x'.repeat(450) });
        return answered();
      })
      .toBe(true);
    socket.resume();
    await closed;
    await small.close();
  });

  it('are refused beyond the number of streams, and the slot comes back', async () => {
    const small = await startFarmServer({ limits: { eventStreams: 1 } });
    const first = new AbortController();
    await fetch(`${small.url}/api/v1/events`, { signal: first.signal });
    expect((await rawRequest(small.url, '/api/v1/events')).status).toBe(429);
    first.abort();
    await expect
      .poll(async () => {
        const second = new AbortController();
        const { status } = await fetch(`${small.url}/api/v1/events`, { signal: second.signal });
        second.abort();
        return status;
      })
      .toBe(200);
    await small.close();
  });
});

/** A body that fails once `limit` bytes have passed. */
function cutAfter(body: ReadableStream<Uint8Array>, limit: number): ReadableStream<Uint8Array> {
  let passed = 0;
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const room = limit - passed;
      passed += chunk.byteLength;
      controller.enqueue(chunk.subarray(0, Math.max(0, room)));
      if (passed >= limit) controller.error(new Error('the connection broke'));
    },
  });
  return body.pipeThrough(cut);
}

/** The server's store, except that it has forgotten all but the newest event. */
function forgetful({ farm }: FarmServer): FarmServer['farm']['store'] {
  const { store } = farm;
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'eventsSince')
        return async (after: number) => (after >= 9 ? [] : [{ sequence: 9, at: 0, type: 'host-free', hostId: 'h' }]);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
