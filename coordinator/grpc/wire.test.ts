import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromWire, toWire } from '../../agent/connection/convert.ts';
import { MAX_LOG_CHUNK_CHARS, MAX_MESSAGE_BYTES } from '../../domain/constants.ts';
import { GroveError } from '../../domain/errors.ts';
import type { AgentMessage, CoordinatorMessage } from '../../domain/protocol.ts';
import { AgentMessage as WireAgentMessage, CoordinatorMessage as WireCoordinatorMessage } from '../../proto/gen/grove/v1/agent.ts';
import { benchmarked } from '../../test/farm/results.ts';
import { helloOf } from '../../test/farm/scripted-agent.ts';
import { readAgentMessage } from './from-wire.ts';
import { writeCoordinatorMessage } from './to-wire.ts';

const LEASE = { taskId: 'j-1-0', attempt: 2, token: 'a'.repeat(32) };
const REF = { taskId: LEASE.taskId, attempt: LEASE.attempt };
const ERROR = { code: 'low-disk', message: 'm', advice: 'a', fault: 'device', retryable: true } as const;
const STATE = { temperatureC: 40, utilization: 0.5, freeMemoryBytes: null, powerSource: 'ac', powerMode: 'unknown' } as const;

const AGENT_MESSAGES: readonly AgentMessage[] = [
  helloOf('lab-1', { heldLeases: [{ lease: LEASE, stage: 'measure', resultPending: true }] }),
  { type: 'heartbeat', status: { state: 'draining', why: 'asked' }, deviceStates: { 'lab-1/cpu0': STATE }, renewals: [LEASE] },
  { type: 'accept', lease: LEASE },
  { type: 'reject', lease: LEASE, error: ERROR },
  { type: 'progress', lease: LEASE, stage: 'measure', fraction: 0.5, note: 'launch 3' },
  { type: 'logChunk', lease: LEASE, sequence: 0, text: 'line\n' },
  { type: 'grantRequest', requestId: 'r-1', lease: LEASE, direction: 'put', blobs: [{ sha256: 'b'.repeat(64), sizeBytes: 2 ** 40 }] },
  { type: 'complete', lease: LEASE, outcome: benchmarked() },
  { type: 'quarantine', reason: 'lab-1/npu0 hangs', fix: 'restart it' },
];

const COORDINATOR_MESSAGES: readonly CoordinatorMessage[] = [
  {
    type: 'welcome',
    protocolVersion: 1,
    coordinatorVersion: '1',
    sessionId: 7,
    heartbeatMs: 3_000,
    leases: [
      { lease: REF, verdict: 'continue', durationMs: 20_000 },
      { lease: REF, verdict: 'abandon', durationMs: 0 },
    ],
  },
  { type: 'renewed', leases: [{ lease: REF, verdict: 'continue', durationMs: 30_000 }] },
  {
    type: 'grant',
    requestId: 'r-1',
    grants: [{ sha256: 'b'.repeat(64), present: false, url: 'http://127.0.0.1/x', headers: { a: 'b' }, parts: [], confirm: false }],
    error: null,
  },
  { type: 'completeAck', lease: REF, recorded: false, error: ERROR },
  { type: 'cancel', lease: REF, by: 'ann' },
  { type: 'revoke', lease: REF, why: 'late' },
  { type: 'drain', why: 'upgrade' },
  { type: 'refused', error: ERROR },
];

describe('the wire', () => {
  it.each(AGENT_MESSAGES.map((message) => [message.type, message] as const))('carries %s from the agent unchanged', (_type, message) => {
    expect(readAgentMessage(WireAgentMessage.encode(toWire(message)).finish())).toEqual(message);
  });

  it.each(COORDINATOR_MESSAGES.map((message) => [message.type, message] as const))(
    'carries %s to the agent unchanged',
    (_type, message) => {
      expect(fromWire(WireCoordinatorMessage.decode(writeCoordinatorMessage(message)))).toEqual(message);
    },
  );

  it('carries no token to the agent', () => {
    const bytes = writeCoordinatorMessage({ type: 'revoke', lease: LEASE, why: '' });
    expect(bytes.includes(LEASE.token)).toBe(false);
  });

  it('refuses to write a message that the other end would drop', () => {
    expect(() => writeCoordinatorMessage({ type: 'drain', why: 'x'.repeat(MAX_MESSAGE_BYTES) })).toThrow(/exceeds the limit/);
  });
});

describe('a message from the agent', () => {
  it('is read or refused with a registry error, whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(outcomeOf(bytes)).toMatch(/^(read|malformed-message)$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is read or refused when a byte of a good one is changed or cut off', () => {
    const good = AGENT_MESSAGES.map((message) => WireAgentMessage.encode(toWire(message)).finish());
    const change = fc.record({
      which: fc.nat(good.length - 1),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      value: fc.nat(255),
      cut: fc.boolean(),
    });
    fc.assert(
      fc.property(change, ({ which, at, value, cut }) => {
        const bytes = Uint8Array.from(good[which] ?? []);
        const index = Math.floor(at * bytes.length);
        bytes[index] = value;
        expect(outcomeOf(cut ? bytes.subarray(0, index) : bytes)).toMatch(/^(read|malformed-message)$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each<[string, AgentMessage, RegExp]>([
    [
      'a log chunk that is too long',
      { type: 'logChunk', lease: LEASE, sequence: 0, text: 'x'.repeat(MAX_LOG_CHUNK_CHARS + 1) },
      /logChunk.*text/,
    ],
    ['a fraction beyond one', { type: 'progress', lease: LEASE, stage: 'measure', fraction: 1.5, note: '' }, /progress.*fraction/],
    ['a token of another form', { type: 'accept', lease: { ...LEASE, token: 'secret' } }, /accept.*lease\.token/],
    ['an attempt number of zero', { type: 'accept', lease: { ...LEASE, attempt: 0 } }, /accept.*lease\.attempt/],
    ['a grant for nothing', { type: 'grantRequest', requestId: 'r', lease: LEASE, direction: 'get', blobs: [] }, /grantRequest.*blobs/],
  ])('is refused with its field: %s', (_what, message, expected) => {
    expect(() => readAgentMessage(WireAgentMessage.encode(toWire(message)).finish())).toThrow(expected);
  });
});

describe('an outcome that cannot be read', () => {
  it.each([
    ['is no JSON', '{', 'is not JSON'],
    ['is no outcome', '{"state":"completed","result":null}', 'complete'],
  ])('because it %s ends its attempt instead of the connection', (_how, outcomeJson, problem) => {
    const bytes = WireAgentMessage.encode({ message: { $case: 'complete', value: { lease: LEASE, outcomeJson } } }).finish();
    expect(readAgentMessage(bytes)).toEqual({
      type: 'complete',
      lease: LEASE,
      outcome: {
        state: 'exception',
        error: expect.objectContaining({ code: 'malformed-message', message: expect.stringContaining(problem) }),
      },
    });
  });
});

function outcomeOf(bytes: Uint8Array): string {
  try {
    readAgentMessage(bytes);
    return 'read';
  } catch (error) {
    return error instanceof GroveError ? error.code : `something else: ${String(error)}`;
  }
}
