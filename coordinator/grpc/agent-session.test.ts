import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { toWire } from '../../agent/connection/convert.ts';
import { VirtualClock } from '../../agent/virtual-clock.cases.ts';
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
    await serveAgent(new MessageStream(streamWith(WireAgentMessage.encode(toWire(helloOf('lab-1'))).finish()), ignore), {
      store,
      sessions,
      dispatcher: { attach: failing, detach: ignore, setReady: ignore, rejected: ignore },
      artifacts: { grantGet: failing, grantPut: failing, claim: failing },
      logs: { append: ignore },
      progress: { publish: ignore },
      kindOf: failing,
      clock: new VirtualClock(),
      sha256,
      coordinatorId: 'c-1',
      version: '1',
      log: ignore,
    });
    expect((await store.agent('lab-1'))?.connection).toBe('closing');
  });
});
