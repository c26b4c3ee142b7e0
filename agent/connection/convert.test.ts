import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import type { AgentMessage } from '../../domain/protocol.ts';
import { AgentMessage as WireAgentMessage, CoordinatorMessage as WireCoordinatorMessage } from '../../proto/gen/grove/v1/agent.ts';
import { fromWire, toWire } from './convert.ts';

const LEASE = { taskId: 'j-1', attempt: 2, token: 'f'.repeat(32) };
const ERROR = new GroveError('low-disk', { where: '/data', freeBytes: 1, neededBytes: 2 }).toReport();

function received(message: Parameters<typeof WireCoordinatorMessage.fromPartial>[0]['message']) {
  return fromWire(WireCoordinatorMessage.decode(WireCoordinatorMessage.encode(WireCoordinatorMessage.fromPartial({ message })).finish()));
}

describe('fromWire', () => {
  it('reads every message of a coordinator', () => {
    const lease = { taskId: 'j-1', attempt: 2 };
    const verdict = { lease: { ...lease, token: '' }, verdict: 1, durationMs: 30_000 } as const;
    expect(
      received({
        $case: 'welcome',
        value: { protocolVersion: 1, coordinatorVersion: '1', sessionId: 7, heartbeatMs: 3_000, leases: [verdict] },
      }),
    ).toEqual({
      type: 'welcome',
      protocolVersion: 1,
      coordinatorVersion: '1',
      sessionId: 7,
      heartbeatMs: 3_000,
      leases: [{ lease, verdict: 'continue', durationMs: 30_000 }],
    });
    expect(received({ $case: 'renewed', value: { leases: [{ ...verdict, verdict: 2 }] } })).toMatchObject({
      leases: [{ verdict: 'abandon', durationMs: 0 }],
    });
    expect(received({ $case: 'completeAck', value: { lease, recorded: true, errorJson: '' } })).toEqual({
      type: 'completeAck',
      lease,
      recorded: true,
      error: null,
    });
    expect(received({ $case: 'cancel', value: { lease, by: 'somebody' } })).toEqual({ type: 'cancel', lease, by: 'somebody' });
    expect(received({ $case: 'revoke', value: { lease, why: 'expired' } })).toEqual({ type: 'revoke', lease, why: 'expired' });
    expect(received({ $case: 'drain', value: { why: 'upgrade' } })).toEqual({ type: 'drain', why: 'upgrade' });
    expect(received({ $case: 'refused', value: { errorJson: JSON.stringify(ERROR) } })).toEqual({ type: 'refused', error: ERROR });
    const grant = {
      sha256: 'a'.repeat(64),
      present: false,
      url: 'http://127.0.0.1:1/x',
      headers: { 'x-y': 'z' },
      parts: [],
      confirm: false,
    };
    const whole = { ...grant, url: '', headers: {} };
    const parts = [1, 2].map((part) => ({
      firstByte: part,
      sizeBytes: part,
      url: `https://s3/part-${part}`,
      headers: { part: `${part}` },
    }));
    const grants = [grant, { ...whole, present: true }, { ...whole, parts, confirm: true }, { ...whole, confirm: true }];
    expect(received({ $case: 'grant', value: { requestId: 'r', grants, errorJson: '' } })).toEqual({
      type: 'grant',
      requestId: 'r',
      grants,
      error: null,
    });
  });

  it.each([
    ['an empty message', undefined],
    ['a welcome without an interval', { $case: 'welcome', value: { protocolVersion: 1, sessionId: 1, heartbeatMs: 0 } }],
    ['a verdict of no known kind', { $case: 'renewed', value: { leases: [{ lease: { taskId: 'a', attempt: 1 }, verdict: 0 }] } }],
    ['a cancel without a lease', { $case: 'cancel', value: { by: 'somebody' } }],
    ['an assignment that is not JSON', { $case: 'assign', value: { assignmentJson: '{' } }],
    ['an assignment of another shape', { $case: 'assign', value: { assignmentJson: '{"lease":{}}' } }],
    ['an error code of another version', { $case: 'refused', value: { errorJson: JSON.stringify({ ...ERROR, code: 'from-the-future' }) } }],
    [
      'a grant for a URL of another scheme',
      { $case: 'grant', value: { requestId: 'r', grants: [{ sha256: 'a'.repeat(64), url: 'file:///etc/passwd' }] } },
    ],
    ['a grant for no URL', { $case: 'grant', value: { requestId: 'r', grants: [{ sha256: 'a'.repeat(64) }] } }],
    [
      'a part for a URL of another scheme',
      {
        $case: 'grant',
        value: {
          requestId: 'r',
          grants: [{ sha256: 'a'.repeat(64), confirm: true, parts: [{ sizeBytes: 1, url: 'file:///etc/passwd' }] }],
        },
      },
    ],
  ] as const)('refuses %s', (_, message) => {
    expect(() => received(message as never)).toThrow(expect.objectContaining({ code: 'malformed-message' }));
  });

  it('throws nothing but malformed-message, whatever bytes arrive as documents', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          received({ $case: 'assign', value: { assignmentJson: text } });
        } catch (error) {
          expect(error).toMatchObject({ code: 'malformed-message' });
        }
      }),
    );
  });
});

describe('toWire', () => {
  const host = { hostId: 'h', hostName: 'lab', osBuild: 'x', bios: null, cpuCount: 1, memoryBytes: 1, freeDiskBytes: 1 };
  const hello: AgentMessage = {
    type: 'hello',
    ...{ protocolVersion: 1, agentVersion: '1', agentId: 'a', instanceId: 'i', host, devices: [], missing: [] },
    status: { state: 'not-ready', why: 'low disk' },
    heldLeases: [{ lease: LEASE, stage: null, resultPending: true }],
  };
  const messages: readonly AgentMessage[] = [
    hello,
    { type: 'heartbeat', status: { state: 'draining', why: 'upgrade' }, deviceStates: {}, renewals: [LEASE] },
    { type: 'accept', lease: LEASE },
    { type: 'reject', lease: LEASE, error: ERROR },
    { type: 'progress', lease: LEASE, stage: 'measure', fraction: 0.25, note: 'launch 2 of 5' },
    { type: 'logChunk', lease: LEASE, sequence: 3, text: 'ä\n' },
    { type: 'grantRequest', requestId: 'r', lease: LEASE, direction: 'get', blobs: [{ sha256: 'a'.repeat(64), sizeBytes: 2 ** 40 }] },
    { type: 'complete', lease: LEASE, outcome: { state: 'exception', error: ERROR } },
    { type: 'quarantine', reason: 'lab-17/npu0 hangs', fix: 'restart it' },
  ];

  it.each(messages.map((message) => [message.type, message] as const))('keeps everything a %s says', (type, message) => {
    const wire = toWire(message);
    expect(WireAgentMessage.decode(WireAgentMessage.encode(wire).finish())).toEqual(wire);
    expect(wire.message?.$case).toBe(type);
  });
});
