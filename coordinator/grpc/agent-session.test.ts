import { Duplex } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { toWire } from '../../agent/connection/convert.ts';
import { VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { GroveError } from '../../domain/errors.ts';
import type { AgentMessage } from '../../domain/protocol.ts';
import { sha256 } from '../../platform/sha256.ts';
import { AgentMessage as WireAgentMessage } from '../../proto/gen/grove/v1/agent.ts';
import { helloOf } from '../../test/farm/scripted-agent.ts';
import { loneBroadcast } from '../peers/broadcast.ts';
import { createMemoryTaskStore } from '../store/memory/memory-task-store.ts';
import { serveAgent } from './agent-session.ts';
import { MessageStream, type RawStream } from './message-stream.ts';
import { Sessions } from './sessions.ts';

/** The coordinator's end of a stream on which an agent has sent one message. */
function streamWith(bytes: Uint8Array): RawStream {
  const raw = new Duplex({ objectMode: true, read: () => {}, write: (_chunk, _encoding, done) => done() });
  raw.push(bytes);
  return raw as unknown as RawStream;
}

describe('a session that fails while it begins', () => {
  it('is closed like any other', async () => {
    const store = createMemoryTaskStore();
    const sessions = new Sessions(loneBroadcast);
    const failing = () => {
      throw new Error('attach failed');
    };
    const ignore = () => {};
    await serveAgent(new MessageStream(streamWith(WireAgentMessage.encode(toWire(helloOf('lab-1'))).finish()), ignore), null, {
      store,
      sessions,
      dispatcher: { attach: failing, detach: ignore, setReady: ignore, rejected: ignore },
      artifacts: { grantGet: failing, grantPut: failing, claim: failing },
      logs: { append: ignore },
      progress: { publish: ignore },
      kindOf: failing,
      onHello: () => {},
      clock: new VirtualClock(),
      sha256,
      coordinatorId: 'c-1',
      version: '1',
      log: ignore,
    });
    expect((await store.agent('lab-1'))?.connection).toBe('closing');
  });
});

describe('a grant that takes long', () => {
  it('keeps no heartbeat waiting', async () => {
    const store = createMemoryTaskStore();
    const ignore = () => {};
    const lease = { taskId: 't-1', attempt: 1, token: '0'.repeat(32) };
    const blob = { sha256: 'a'.repeat(64), sizeBytes: 1 };
    const messages = [
      helloOf('lab-1'),
      { type: 'grantRequest', requestId: '1', lease, direction: 'put', blobs: [blob] },
      { type: 'heartbeat', status: { state: 'draining', why: 'test' }, deviceStates: {}, renewals: [] },
    ] satisfies AgentMessage[];
    const raw = new Duplex({ objectMode: true, read: ignore, write: (_chunk, _encoding, done) => done() });
    for (const message of messages) raw.push(WireAgentMessage.encode(toWire(message)).finish());
    // The store never says whose lease it is, so the grant never comes.
    const slow = {
      hello: (command: Parameters<typeof store.hello>[0]) => store.hello(command),
      heartbeat: (command: Parameters<typeof store.heartbeat>[0]) => store.heartbeat(command),
      task: () => new Promise<undefined>(ignore),
    } as unknown as typeof store;
    void serveAgent(new MessageStream(raw as unknown as RawStream, ignore), null, {
      store: slow,
      sessions: new Sessions(loneBroadcast),
      dispatcher: { attach: ignore, detach: ignore, setReady: ignore, rejected: ignore },
      artifacts: { grantGet: ignore, grantPut: ignore, claim: ignore } as never,
      logs: { append: ignore },
      progress: { publish: ignore },
      kindOf: async () => undefined,
      onHello: () => {},
      clock: new VirtualClock(),
      sha256,
      coordinatorId: 'c-1',
      version: '1',
      log: ignore,
    });
    await vi.waitFor(async () => expect((await store.agent('lab-1'))?.status.state).toBe('draining'));
  });
});

describe('an agent that asks for its quarantine', () => {
  const request = { type: 'quarantine', reason: 'lab-1/npu0 hangs', fix: 'restart it' } as const;

  async function markAfter(prepare: (store: ReturnType<typeof createMemoryTaskStore>) => Promise<void>) {
    const store = createMemoryTaskStore();
    const ignore = () => {};
    const raw = new Duplex({ objectMode: true, read: ignore, write: (_chunk, _encoding, done) => done() });
    raw.push(WireAgentMessage.encode(toWire(helloOf('lab-1'))).finish());
    const dispatcher = { attach: () => void prepare(store).then(() => raw.push(WireAgentMessage.encode(toWire(request)).finish())) };
    void serveAgent(new MessageStream(raw as unknown as RawStream, ignore), null, {
      store,
      onHello: ignore,
      sessions: new Sessions(loneBroadcast),
      dispatcher: { ...dispatcher, detach: ignore, setReady: ignore, rejected: ignore },
      artifacts: { grantGet: ignore, grantPut: ignore, claim: ignore } as never,
      logs: { append: ignore },
      progress: { publish: ignore },
      kindOf: async () => undefined,
      clock: new VirtualClock(),
      sha256,
      coordinatorId: 'c-1',
      version: '1',
      log: ignore,
    });
    const markOf = async () => (await store.agent('lab-1'))?.mark;
    await vi.waitFor(async () => expect(await markOf()).toMatchObject({ kind: expect.any(String) }));
    return { markOf };
  }

  it('is marked with reason and fix until a person recovers it', async () => {
    const { markOf } = await markAfter(async () => {});
    expect(await markOf()).toMatchObject({ kind: 'quarantined', by: 'agent', reason: 'lab-1/npu0 hangs', fix: 'restart it', until: null });
  });

  it('keeps the mark that a person has set', async () => {
    const pause = { kind: 'paused', reason: 'mine', fix: '', until: null } as const;
    const { markOf } = await markAfter((store) =>
      store.markAgent({ now: 1, principal: { kind: 'local', name: 'ann' }, agentId: 'lab-1', mark: pause }),
    );
    await new Promise(setImmediate);
    expect(await markOf()).toMatchObject({ kind: 'paused', by: 'ann' });
  });
});

describe('an agent whose key is revoked', () => {
  const heartbeat = { type: 'heartbeat', status: { state: 'draining', why: 'test' }, deviceStates: {}, renewals: [] } as const;

  function begin(assertGood: () => Promise<void>) {
    const store = createMemoryTaskStore();
    const sessions = new Sessions(loneBroadcast);
    const ignore = () => {};
    const raw = new Duplex({ objectMode: true, read: ignore, write: (_chunk, _encoding, done) => done() });
    const say = (message: AgentMessage) => raw.push(WireAgentMessage.encode(toWire(message)).finish());
    const { instanceId } = helloOf('lab-1');
    say(helloOf('lab-1'));
    const served = serveAgent(
      new MessageStream(raw as unknown as RawStream, ignore),
      { agentId: 'lab-1', instanceId, assertGood },
      {
        store,
        sessions,
        dispatcher: { attach: ignore, detach: ignore, setReady: ignore, rejected: ignore },
        artifacts: { grantGet: ignore, grantPut: ignore, claim: ignore } as never,
        logs: { append: ignore },
        progress: { publish: ignore },
        kindOf: async () => undefined,
        onHello: ignore,
        clock: new VirtualClock(),
        sha256,
        coordinatorId: 'c-1',
        version: '1',
        log: ignore,
      },
    );
    return { store, sessions, say, served };
  }

  it('has no session when that happened between its certificate and its hello', async () => {
    const { store, served } = begin(() => Promise.reject(new GroveError('agent-revoked', { agentId: 'lab-1' })));
    await served;
    expect((await store.agent('lab-1'))?.connection).toBe('closing');
  });

  it('keeps its session while nobody can be asked', async () => {
    const { store, say } = begin(() => Promise.reject(new GroveError('store-unavailable', { problem: 'away' })));
    say(heartbeat);
    await vi.waitFor(async () => expect((await store.agent('lab-1'))?.status.state).toBe('draining'));
  });

  it('is not heard any more, whatever it still sends', async () => {
    const { store, sessions, say, served } = begin(async () => {});
    await vi.waitFor(async () => expect((await store.agent('lab-1'))?.connection).toBe('connected'));
    sessions.expel('lab-1');
    say(heartbeat);
    await served;
    expect(await store.agent('lab-1')).toMatchObject({ connection: 'closing', status: { state: 'ready' } });
  });
});
