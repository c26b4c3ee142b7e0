import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_LOG_BYTES } from '../../domain/constants.ts';
import { ProgressHub } from './progress-hub.ts';
import { TaskLogs } from './task-logs.ts';

let folder: string;
let ended: boolean;
let errors: unknown[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-logs-'));
  ended = false;
  errors = [];
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function openLogs(): TaskLogs {
  return new TaskLogs({ folder, hasEnded: async () => ended, onError: (_taskId, error) => errors.push(error) });
}

interface ReadOptions {
  readonly offsetBytes?: number;
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

async function read(
  logs: TaskLogs,
  { offsetBytes = 0, follow = false, signal = new AbortController().signal }: ReadOptions = {},
): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of logs.read({ taskId: 'c-1', attempt: 1, offsetBytes, follow, signal })) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('the log of an attempt', () => {
  it('is empty before anything was logged', async () => {
    expect(await read(openLogs())).toBe('');
  });

  it('holds each chunk once and in order, however often it is sent', async () => {
    const logs = openLogs();
    for (const sequence of [0, 1, 1, 0, 2]) logs.append('c-1', 1, { sequence, text: `line ${sequence}\n` });
    expect(await read(logs)).toBe('line 0\nline 1\nline 2\n');
    expect(await read(logs, { offsetBytes: 7 })).toBe('line 1\nline 2\n');
    await logs.stop();
  });

  it('recognises chunks that are resent after a restart', async () => {
    const before = openLogs();
    before.append('c-1', 1, { sequence: 0, text: 'a' });
    before.append('c-1', 1, { sequence: 1, text: 'b' });
    await before.stop();
    const after = openLogs();
    for (const sequence of [0, 1, 2]) after.append('c-1', 1, { sequence, text: String(sequence) });
    expect(await read(after)).toBe('ab2');
    await after.stop();
  });

  it('ends at its limit and says how much is left out', async () => {
    const logs = openLogs();
    logs.append('c-1', 1, { sequence: 0, text: 'x'.repeat(MAX_LOG_BYTES - 1) });
    logs.append('c-1', 1, { sequence: 1, text: 'abc' });
    logs.append('c-1', 1, { sequence: 2, text: 'def' });
    logs.end('c-1', 1);
    const text = await read(logs);
    expect(text.slice(MAX_LOG_BYTES - 1)).toBe(`a\n[5 bytes left out: a log keeps ${MAX_LOG_BYTES}]\n`);
    await logs.stop();
  });

  it('keeps attempts and tasks apart, in folders any system can make', async () => {
    const logs = openLogs();
    logs.append('a:1', 1, { sequence: 0, text: 'one' });
    logs.append('a:1', 2, { sequence: 0, text: 'two' });
    await logs.stop();
    expect(await readdir(folder)).toEqual(['a%3A1']);
    expect((await readdir(join(folder, 'a%3A1'))).filter((name) => name.endsWith('.log'))).toEqual(['1.log', '2.log']);
    expect(errors).toEqual([]);
  });
});

describe('following', () => {
  it('goes on until the attempt ends', async () => {
    const logs = openLogs();
    logs.append('c-1', 1, { sequence: 0, text: 'first ' });
    const whole = read(logs, { follow: true });
    logs.append('c-1', 1, { sequence: 1, text: 'second ' });
    await read(logs);
    logs.append('c-1', 1, { sequence: 2, text: 'third' });
    ended = true;
    logs.end('c-1', 1);
    expect(await whole).toBe('first second third');
    await logs.stop();
  });

  it('stops when the reader goes away', async () => {
    const logs = openLogs();
    const reader = new AbortController();
    const whole = read(logs, { follow: true, signal: reader.signal });
    logs.append('c-1', 1, { sequence: 0, text: 'text' });
    await read(logs);
    reader.abort();
    expect(await whole).toMatch(/^(text)?$/);
    await logs.stop();
  });

  it('ends at once for an attempt that has ended', async () => {
    ended = true;
    expect(await read(openLogs(), { follow: true })).toBe('');
  });
});

describe('progress', () => {
  it('is the last one, told to whoever listens, until the attempt is over', () => {
    const hub = new ProgressHub();
    const heard: number[] = [];
    const unsubscribe = hub.subscribe((_taskId, { fraction }) => heard.push(fraction));
    hub.publish('t', { attempt: 1, stage: 'measure', fraction: 0.1, note: '' });
    hub.publish('t', { attempt: 1, stage: 'measure', fraction: 0.2, note: '' });
    unsubscribe();
    hub.publish('t', { attempt: 1, stage: 'measure', fraction: 0.3, note: '' });
    expect([heard, hub.latest('t')?.fraction]).toEqual([[0.1, 0.2], 0.3]);
    hub.forget('t');
    expect(hub.latest('t')).toBeUndefined();
  });
});
