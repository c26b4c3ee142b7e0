import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RECONNECT_JITTER_MS } from '../../domain/constants.ts';
import { GroveError } from '../../domain/errors.ts';
import type { AgentStatus, LeaseVerdict } from '../../domain/protocol.ts';
import type { LeaseRef } from '../../domain/task.ts';
import { createAgentLog } from '../log-events.ts';
import { settle, VirtualClock } from '../virtual-clock.cases.ts';
import { GRANT_TIMEOUT_MS } from './grant-requests.ts';
import { ScriptedCoordinator } from './scripted-coordinator.cases.ts';
import { Session, type SessionHandlers, WELCOME_TIMEOUT_MS } from './session.ts';

const LEASE: LeaseRef = { taskId: 'j-1', attempt: 1, token: '0'.repeat(32) };
const HOST = { hostId: 'h', hostName: 'lab', osBuild: 'x', bios: null, cpuCount: 1, memoryBytes: 1, freeDiskBytes: 1 };

describe('Session', () => {
  let clock: VirtualClock;
  let coordinator: ScriptedCoordinator;
  let events: string[];
  let verdicts: { readonly verdicts: readonly LeaseVerdict[]; readonly sinceMs: number }[];
  let status: AgentStatus;
  let session: Session;
  let sensors: SessionHandlers['deviceStates'];

  beforeEach(() => {
    clock = new VirtualClock();
    coordinator = new ScriptedCoordinator();
    sensors = async () => ({});
    [events, verdicts, status] = [[], [], { state: 'ready', why: '' }];
    const handlers: SessionHandlers = {
      hello: () => ({
        agentVersion: '1',
        agentId: 'a',
        instanceId: 'i',
        host: HOST,
        devices: [],
        missing: [],
        status,
        heldLeases: [{ lease: LEASE, stage: null, resultPending: false }],
      }),
      status: () => status,
      deviceStates: () => sensors(),
      renewals: () => [LEASE],
      onConnected: () => events.push('connected'),
      onVerdicts: (given, sinceMs) => verdicts.push({ verdicts: given, sinceMs }),
      onAssign: () => {
        events.push('assign');
        throw new Error('a handler that fails');
      },
      onCompleteAck: () => events.push('completeAck'),
      onCancel: () => events.push('cancel'),
      onRevoke: () => events.push('revoke'),
      onDrain: () => events.push('drain'),
      onTick: () => {},
    };
    let ids = 0;
    const random = { token: () => 'token', id: () => `id-${ids++}`, float: () => 0.5 };
    session = new Session({
      transport: coordinator,
      handlers,
      clock,
      random,
      log: createAgentLog('silent', { write: () => {} }),
      url: 'scripted',
    });
  });
  afterEach(() => session.stop());

  async function untilConnected(): Promise<void> {
    session.start();
    await settle();
    expect(session.connected).toBe(true);
  }

  it('says hello first and applies the verdicts before anything else is sent', async () => {
    await untilConnected();
    expect(coordinator.current.received.map(({ type }) => type)).toEqual(['hello']);
    expect(verdicts).toEqual([{ verdicts: [coordinator.verdict({ taskId: 'j-1', attempt: 1 })], sinceMs: expect.any(Number) }]);
    expect(events).toEqual(['connected']);
  });

  it('renews with every heartbeat, counted from when the heartbeat was sent', async () => {
    await untilConnected();
    coordinator.answers = false;
    const sentMs = clock.monotonicMs() + 3_000;
    await clock.advance(3_000);
    const [heartbeat] = coordinator.all('heartbeat');
    expect(heartbeat?.renewals).toEqual([LEASE]);
    await clock.advance(1_500);
    coordinator.say({ type: 'renewed', leases: [] });
    await settle();
    expect(verdicts.at(-1)?.sinceMs).toBe(sentMs);
  });

  it('renews although a sensor hangs, which is not asked again meanwhile', async () => {
    let asked = 0;
    sensors = () => {
      asked += 1;
      return new Promise(() => {});
    };
    await untilConnected();
    await clock.advance(10_000);
    expect(coordinator.all('heartbeat').map(({ renewals }) => renewals)).toEqual([[LEASE], [LEASE], [LEASE]]);
    expect(asked).toBe(1);
  });

  it('reconnects after a random part of the jitter and says hello again', async () => {
    await untilConnected();
    coordinator.current.incoming.end();
    await settle();
    await clock.advance(RECONNECT_JITTER_MS / 2 - 1);
    expect(coordinator.streams).toHaveLength(1);
    await clock.advance(1);
    expect(coordinator.all('hello')).toHaveLength(2);
    expect(events).toEqual(['connected', 'connected']);
  });

  it('keeps trying while nobody answers', async () => {
    coordinator.unreachable = true;
    session.start();
    await clock.advance(60_000);
    coordinator.unreachable = false;
    await clock.advance(RECONNECT_JITTER_MS);
    expect(session.connected).toBe(true);
  });

  it('gives up a coordinator that never welcomes', async () => {
    coordinator.answers = false;
    session.start();
    await clock.advance(WELCOME_TIMEOUT_MS);
    expect(coordinator.streams[0]?.closedByAgent).toBe(true);
  });

  it('waits long after a refusal', async () => {
    coordinator.answers = false;
    session.start();
    await settle();
    coordinator.say({ type: 'refused', error: new GroveError('duplicate-agent', { agentId: 'a' }).toReport() });
    await settle();
    await clock.advance(RECONNECT_JITTER_MS);
    expect(coordinator.streams).toHaveLength(1);
    await clock.advance(10_000);
    expect(coordinator.streams).toHaveLength(2);
  });

  it('sends a changed status at once and an equal one not', async () => {
    await untilConnected();
    session.statusChanged();
    await settle();
    expect(coordinator.all('heartbeat')).toHaveLength(0);
    status = { state: 'not-ready', why: 'low disk' };
    session.statusChanged();
    await settle();
    expect(coordinator.all('heartbeat').map((heartbeat) => heartbeat.status)).toEqual([status]);
  });

  it('routes messages, and survives a handler that throws', async () => {
    await untilConnected();
    const lease = { taskId: 'j-1', attempt: 1 };
    coordinator.say({ type: 'assign', assignment: {} as never });
    coordinator.say({ type: 'cancel', lease, by: 'somebody' });
    coordinator.say({ type: 'revoke', lease, why: 'expired' });
    coordinator.say({ type: 'completeAck', lease, recorded: true, error: null });
    coordinator.say({ type: 'drain', why: 'upgrade' });
    await settle();
    expect(events).toEqual(['connected', 'assign', 'cancel', 'revoke', 'completeAck', 'drain']);
    expect(session.connected).toBe(true);
  });

  describe('grants', () => {
    const blob = { sha256: 'a'.repeat(64), sizeBytes: 1 };
    const grant = { sha256: blob.sha256, present: true, url: '', headers: {}, parts: [], confirm: false };
    const ask = (signal = new AbortController().signal) => session.requestGrants({ lease: LEASE, direction: 'put', blobs: [blob] }, signal);

    it('are asked again on a new connection and answered once', async () => {
      await untilConnected();
      const answer = ask();
      coordinator.current.incoming.end();
      await clock.advance(RECONNECT_JITTER_MS);
      const requests = coordinator.all('grantRequest');
      expect(requests.map(({ requestId }) => requestId)).toEqual(['id-0', 'id-0']);
      coordinator.say({ type: 'grant', requestId: 'id-0', grants: [grant], error: null });
      coordinator.say({ type: 'grant', requestId: 'id-0', grants: [], error: null });
      expect(await answer).toEqual([grant]);
    });

    it("fail with the coordinator's own error", async () => {
      await untilConnected();
      const answer = ask();
      coordinator.say({
        type: 'grant',
        requestId: 'id-0',
        grants: [],
        error: new GroveError('stale-token', { taskId: 'j-1', attempt: 1 }).toReport(),
      });
      await expect(answer).rejects.toMatchObject({ code: 'stale-token' });
    });

    it('fail when an answer leaves a blob out', async () => {
      await untilConnected();
      const answer = ask();
      coordinator.say({ type: 'grant', requestId: 'id-0', grants: [], error: null });
      await expect(answer).rejects.toMatchObject({ code: 'malformed-message' });
    });

    it('fail when nobody answers, and at once when the task is stopped', async () => {
      await untilConnected();
      const controller = new AbortController();
      const [unanswered, stopped] = [ask(), ask(controller.signal)];
      const failure = expect(unanswered).rejects.toMatchObject({ code: 'transfer-failed' });
      controller.abort(new Error('cancelled'));
      await expect(stopped).rejects.toThrow('cancelled');
      await clock.advance(GRANT_TIMEOUT_MS);
      await failure;
    });
  });

  it('stops without waiting for a coordinator that does not answer', async () => {
    coordinator.connect = () => new Promise(() => {});
    session.start();
    await settle();
    await session.stop();
  });
});
