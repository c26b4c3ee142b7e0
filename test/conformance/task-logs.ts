import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskLogs } from '../../coordinator/logs/task-logs.ts';
import { MAX_LOG_BYTES } from '../../domain/constants.ts';

/** The logs of one farm under test. */
export interface TaskLogsHarness {
  /** Logs as a coordinator opens them; again after a restart, and once per coordinator where several may share them. */
  open(): Promise<TaskLogs>;
  /** From now on the attempt counts as ended. */
  endAttempt(): void;
  close(): Promise<void>;
}

const TASK = { taskId: 'c-1', attempt: 1 };

interface ReadOptions {
  readonly attempt?: number;
  readonly offsetBytes?: number;
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

async function read(logs: TaskLogs, options: ReadOptions = {}): Promise<string> {
  const range = { ...TASK, offsetBytes: 0, follow: false, signal: new AbortController().signal, ...options };
  const chunks: Uint8Array[] = [];
  for await (const chunk of logs.read(range)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function append(logs: TaskLogs, sequence: number, text: string): void {
  logs.append(TASK.taskId, TASK.attempt, { sequence, text });
}

/** What the logs of every coordinator must do. */
export function describeTaskLogs(name: string, start: () => Promise<TaskLogsHarness>): void {
  describe(`task logs: ${name}`, () => {
    let harness: TaskLogsHarness;
    let logs: TaskLogs;
    beforeEach(async () => {
      harness = await start();
      logs = await harness.open();
    });
    afterEach(async () => {
      await logs.stop();
      await harness.close();
    });

    it('are empty before anything was logged', async () => {
      expect(await read(logs)).toBe('');
    });

    it('hold each chunk once and in order, however often it is sent', async () => {
      for (const sequence of [0, 1, 1, 0, 2]) append(logs, sequence, `line ${sequence}\n`);
      expect(await read(logs)).toBe('line 0\nline 1\nline 2\n');
      expect(await read(logs, { offsetBytes: 7 })).toBe('line 1\nline 2\n');
      expect(await read(logs, { offsetBytes: 9 })).toBe('ne 1\nline 2\n');
      expect(await read(logs, { offsetBytes: 1_000 })).toBe('');
    });

    it('count offsets in bytes, not in characters', async () => {
      append(logs, 0, 'größe ✓ ');
      append(logs, 1, 'b');
      expect(await read(logs, { offsetBytes: Buffer.byteLength('größe ') })).toBe('✓ b');
    });

    it('recognise chunks that are sent again after a restart', async () => {
      append(logs, 0, 'a');
      append(logs, 1, 'b');
      await logs.stop();
      logs = await harness.open();
      for (const sequence of [0, 1, 2]) append(logs, sequence, String(sequence));
      expect(await read(logs)).toBe('ab2');
    });

    it('end at their limit and say how much is left out', async () => {
      append(logs, 0, 'x'.repeat(MAX_LOG_BYTES - 1));
      append(logs, 1, 'abc');
      append(logs, 2, 'def');
      harness.endAttempt();
      logs.end(TASK.taskId, TASK.attempt);
      const text = await read(logs);
      expect(text.slice(MAX_LOG_BYTES - 1)).toBe(`a\n[5 bytes left out: a log keeps ${MAX_LOG_BYTES}]\n`);
    });

    it('stay readable after the attempt, however often it is told to end', async () => {
      append(logs, 0, 'first ');
      append(logs, 1, 'second');
      harness.endAttempt();
      for (let time = 0; time < 3; time++) logs.end(TASK.taskId, TASK.attempt);
      expect(await read(logs)).toBe('first second');
      expect(await read(logs, { offsetBytes: 6, follow: true })).toBe('second');
    });

    it('keep attempts apart', async () => {
      logs.append(TASK.taskId, 1, { sequence: 0, text: 'one' });
      logs.append(TASK.taskId, 2, { sequence: 0, text: 'two' });
      expect(await read(logs)).toBe('one');
      expect(await read(logs, { attempt: 2 })).toBe('two');
    });

    describe('being followed', () => {
      it('go on until the attempt ends', async () => {
        append(logs, 0, 'first ');
        const whole = read(logs, { follow: true });
        append(logs, 1, 'second ');
        await read(logs);
        append(logs, 2, 'third');
        await read(logs);
        harness.endAttempt();
        logs.end(TASK.taskId, TASK.attempt);
        expect(await whole).toBe('first second third');
      });

      it('stop when the reader goes away', async () => {
        const reader = new AbortController();
        const whole = read(logs, { follow: true, signal: reader.signal });
        append(logs, 0, 'text');
        await read(logs);
        reader.abort();
        expect(await whole).toMatch(/^(text)?$/);
      });

      it('end at once for an attempt that has ended', async () => {
        harness.endAttempt();
        expect(await read(logs, { follow: true })).toBe('');
      });
    });
  });
}
