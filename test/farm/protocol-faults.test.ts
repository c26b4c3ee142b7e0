import { status as GrpcStatus } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_MESSAGE_BYTES, PROTOCOL_VERSION } from '../../domain/constants.ts';
import type { AttemptOutcome, LeaseRef } from '../../domain/task.ts';
import { AgentMessage as WireAgentMessage } from '../../proto/gen/grove/v1/agent.ts';
import { benchmarked, converted } from './results.ts';
import { codeOf, held, helloOf, ScriptedAgent } from './scripted-agent.ts';
import { eventually, TestCoordinator } from './test-coordinator.ts';

/** Leases, deadlines and the hold after a start pass ten times as fast. */
const FACTOR = 10;

let farm: TestCoordinator;
const open: ScriptedAgent[] = [];

beforeEach(async () => {
  farm = await TestCoordinator.start(FACTOR);
});

afterEach(async () => {
  for (const agent of open.splice(0)) agent.close();
  await farm.remove();
});

function connect(agentId: string): ScriptedAgent {
  const agent = new ScriptedAgent(farm.address, agentId);
  open.push(agent);
  return agent;
}

async function join(...args: Parameters<typeof ScriptedAgent.join> extends [string, ...infer Rest] ? Rest : never): Promise<ScriptedAgent> {
  const agent = await ScriptedAgent.join(farm.address, ...args);
  open.push(agent);
  return agent;
}

/** Renews, as a living agent does, until the test ends or the stream does. */
function keepAlive(agent: ScriptedAgent, leases: () => readonly LeaseRef[] = () => []): void {
  const timer = setInterval(() => agent.heartbeat(leases()), 1_000 / FACTOR);
  void agent.closed.then(() => clearInterval(timer));
}

async function submit(): Promise<void> {
  const files = { 'config.json': await farm.upload('{}') };
  const request = {
    recipes: [{ catalogueId: 'trtrtx' }],
    model: { kind: 'uploaded', files },
    on: 'any',
    substituteEp: 'cpu',
    tier: 'smoke',
  };
  expect((await farm.post('/jobs', request)).status).toBe(201);
}

async function stateOf(
  taskId: string,
): Promise<{ state: string; attempts: { leasedAt: number; endedAt: number | null; ended: { error: { code: string } | null } | null }[] }> {
  return (await farm.get(`/tasks/${taskId}`)).body as Awaited<ReturnType<typeof stateOf>>;
}

function withoutModel(): AttemptOutcome {
  const { result } = converted({ sha256: 'a'.repeat(64), sizeBytes: 5 });
  return { state: 'completed', result: { ...result, artifact: { schemaVersion: 1, files: {} } } };
}

/** The coordinator still serves whoever behaves. */
async function expectAlive(): Promise<void> {
  expect((await farm.get('/health')).status).toBe(200);
  await join('healthy');
}

describe('a stream that does not speak the protocol', () => {
  it.each([
    ['bytes that are no message', Buffer.from([0xff, 0xff, 0xff]), 'malformed-message'],
    ['an empty message', Buffer.alloc(0), 'malformed-message'],
    ['a heartbeat before hello', Buffer.from(WireAgentMessage.encode(heartbeat()).finish()), 'hello-first'],
    ['a hello with broken documents', Buffer.from(WireAgentMessage.encode(brokenHello('{')).finish()), 'malformed-message'],
    [
      'a hello with a foreign document',
      Buffer.from(WireAgentMessage.encode(brokenHello('{"hostId":"../x"}')).finish()),
      'malformed-message',
    ],
  ])('is refused with the reason: %s', async (_name, bytes, code) => {
    const agent = connect('lab-1');
    agent.sendBytes(bytes);
    expect(codeOf((await agent.next('refused')).errorJson)).toBe(code);
    expect((await agent.closed).code).not.toBe(GrpcStatus.OK);
    await expectAlive();
  });

  it('is refused when its protocol is another version', async () => {
    const agent = connect('lab-1');
    agent.send(helloOf('lab-1', { protocolVersion: 99 }));
    expect(codeOf((await agent.next('refused')).errorJson)).toBe('protocol-version');
    expect((await agent.closed).code).toBe(GrpcStatus.FAILED_PRECONDITION);
  });

  it('is told the limit by a message a little too large, and cut off by a huge one', async () => {
    const agent = connect('lab-1');
    agent.sendBytes(Buffer.alloc(MAX_MESSAGE_BYTES + 1));
    expect(codeOf((await agent.next('refused')).errorJson)).toBe('message-too-large');
    const other = connect('lab-2');
    other.sendBytes(Buffer.alloc(MAX_MESSAGE_BYTES * 3));
    expect((await other.closed).code).toBe(GrpcStatus.RESOURCE_EXHAUSTED);
    await expectAlive();
  });

  it('is refused for a second hello', async () => {
    const agent = await join('lab-1');
    agent.send(helloOf('lab-1'));
    expect(codeOf((await agent.next('refused')).errorJson)).toBe('malformed-message');
    await expectAlive();
  });
});

describe('two streams of one identity', () => {
  it('let the newer one of the same process win', async () => {
    const first = await join('lab-1');
    const second = await join('lab-1');
    expect(codeOf((await first.next('refused')).errorJson)).toBe('stale-session');
    await submit();
    expect((await second.accept()).spec.kind).toBe('convert');
  });

  it('refuse a clone while the original is connected', async () => {
    const original = await join('lab-1');
    const clone = connect('lab-1');
    clone.send(helloOf('lab-1', { instanceId: 'another-process' }));
    expect(codeOf((await clone.next('refused')).errorJson)).toBe('duplicate-agent');
    await submit();
    expect((await original.accept()).spec.kind).toBe('convert');
  });
});

describe('leases', () => {
  it('offers a lost assignment again, and refuses the result of the attempt that never was', async () => {
    const silent = await join('lab-1');
    keepAlive(silent);
    await submit();
    const lost = await silent.nextAssignment();
    const again = await silent.nextAssignment();
    expect(again.lease).toMatchObject({ taskId: lost.lease.taskId, attempt: lost.lease.attempt + 1 });
    silent.send({ type: 'accept', lease: again.lease });
    const stale = await silent.complete(lost.lease, converted(await farm.upload('converted')));
    expect(stale).toEqual({ recorded: false, code: 'stale-token' });
    expect((await stateOf(lost.lease.taskId)).attempts[0]?.ended?.error?.code).toBe('not-accepted');
  });

  it('counts a result once although its acknowledgement was lost', async () => {
    const agent = await join('lab-1');
    await submit();
    const { lease } = await agent.accept();
    const outcome = converted(await farm.upload('converted'));
    agent.send({ type: 'complete', lease, outcome });
    await eventually(async () => (await stateOf(lease.taskId)).state === 'completed');
    agent.drop();
    const back = await join('lab-1', { heldLeases: [held(lease, true)] });
    expect(await back.complete(lease, outcome)).toEqual({ recorded: false, code: null });
    expect((await stateOf(lease.taskId)).attempts).toHaveLength(1);
  });

  it('lets an agent that comes back within its grace go on', async () => {
    const agent = await join('lab-1');
    await submit();
    const { lease } = await agent.accept();
    await eventually(async () => (await stateOf(lease.taskId)).state === 'running');
    agent.drop();
    const back = connect('lab-1');
    back.send(helloOf('lab-1', { heldLeases: [held(lease)] }));
    const { leases } = await back.next('welcome');
    expect(leases).toMatchObject([{ lease: { taskId: lease.taskId, attempt: 1 }, verdict: 1 }]);
    expect(await back.complete(lease, converted(await farm.upload('converted')))).toEqual({ recorded: true, code: null });
  });

  it('gives the task of a lost agent to another one and refuses the late result', async () => {
    const lost = await join('lab-1');
    await submit();
    const { lease } = await lost.accept();
    await eventually(async () => (await stateOf(lease.taskId)).state === 'running');
    lost.drop();
    const other = await join('lab-2');
    keepAlive(other, () => []);
    const again = await other.accept();
    expect(again.lease).toMatchObject({ taskId: lease.taskId, attempt: 2 });
    const outcome = converted(await farm.upload('converted'));
    expect(await other.complete(again.lease, outcome)).toEqual({ recorded: true, code: null });
    const back = connect('lab-1');
    back.send(helloOf('lab-1', { heldLeases: [held(lease)] }));
    expect((await back.next('welcome')).leases).toMatchObject([{ verdict: 2 }]);
    expect(await back.complete(lease, outcome)).toEqual({ recorded: false, code: 'stale-token' });
  });

  it('refuses a made-up token and grants nothing for it', async () => {
    const agent = await join('lab-1');
    await submit();
    const { lease } = await agent.accept();
    const forged = { ...lease, token: '0'.repeat(32) };
    expect(await agent.complete(forged, { state: 'cancelled' })).toEqual({ recorded: false, code: 'stale-token' });
    expect(await agent.grants(forged, 'put', [{ sha256: 'a'.repeat(64), sizeBytes: 1 }])).toEqual({ grants: [], code: 'stale-token' });
    agent.send({ type: 'accept', lease: forged });
    expect((await agent.next('revoke')).lease).toMatchObject({ taskId: lease.taskId });
  });

  it('grants reads of nothing but the inputs of the task', async () => {
    const agent = await join('lab-1');
    const foreign = await farm.upload('another job');
    await submit();
    const { lease } = await agent.accept();
    expect(await agent.grants(lease, 'get', [foreign])).toEqual({ grants: [], code: 'grant-refused' });
  });

  it('does not count a result whose blobs never arrived', async () => {
    const agent = await join('lab-1');
    await submit();
    const { lease } = await agent.accept();
    expect(await agent.complete(lease, converted({ sha256: 'a'.repeat(64), sizeBytes: 5 }))).toEqual({ recorded: true, code: null });
    const again = await agent.accept();
    expect(again.lease).toMatchObject({ taskId: lease.taskId, attempt: 2 });
    expect((await stateOf(lease.taskId)).attempts[0]?.ended?.error?.code).toBe('transfer-failed');
  });

  it.each<[string, AttemptOutcome]>([
    ['of another kind', benchmarked()],
    ['without a model', withoutModel()],
  ])('ends a task at once that is reported with a result %s', async (_, outcome) => {
    const agent = await join('lab-1');
    await submit();
    const { lease } = await agent.accept();
    expect(await agent.complete(lease, outcome)).toEqual({ recorded: true, code: null });
    const { state, attempts } = await stateOf(lease.taskId);
    expect([state, attempts.map(({ ended }) => ended?.error?.code)]).toEqual(['exception', ['malformed-message']]);
  });

  it('leaves an agent alone for a moment after it rejected a task', async () => {
    const agent = await join('lab-1');
    keepAlive(agent);
    await submit();
    const { lease } = await agent.nextAssignment();
    const error = { code: 'low-disk', message: 'no room', advice: 'free some', fault: 'device', retryable: true } as const;
    agent.send({ type: 'reject', lease, error });
    expect((await agent.nextAssignment()).lease.attempt).toBe(2);
    const [first, second] = (await stateOf(lease.taskId)).attempts;
    expect((second?.leasedAt ?? 0) - (first?.endedAt ?? 0)).toBeGreaterThan(4_900);
  });

  it('keeps every lease over a restart of the coordinator', async () => {
    const agent = await join('lab-1');
    await submit();
    const { lease } = await agent.accept();
    await eventually(async () => (await stateOf(lease.taskId)).state === 'running');
    await farm.stop();
    await agent.closed;
    await farm.start();
    const back = connect('lab-1');
    back.send(helloOf('lab-1', { heldLeases: [held(lease)] }));
    expect((await back.next('welcome')).leases).toMatchObject([{ verdict: 1 }]);
    expect(await back.complete(lease, converted(await farm.upload('converted')))).toEqual({ recorded: true, code: null });
    expect((await back.accept()).spec.kind).toBe('benchmark');
  });
});

function heartbeat(): WireAgentMessage {
  return { message: { $case: 'heartbeat', value: { status: { state: 1, why: '' }, deviceStatesJson: '{}', renewals: [] } } };
}

function brokenHello(hostJson: string): WireAgentMessage {
  const value = {
    protocolVersion: PROTOCOL_VERSION,
    agentVersion: '1',
    agentId: 'lab-1',
    instanceId: 'i-1',
    hostJson,
    devicesJson: '[]',
    missingJson: '[]',
  };
  return { message: { $case: 'hello', value: { ...value, status: { state: 1, why: '' }, heldLeases: [] } } };
}
