import { describe, expect, it } from 'vitest';
import { MAX_LOG_BYTES, MAX_LOG_CHUNK_CHARS } from '../../domain/constants.ts';
import type { LogChunk } from '../../domain/protocol.ts';
import { VirtualClock } from '../virtual-clock.cases.ts';
import { TaskLog } from './task-log.ts';

function taskLog(): { readonly clock: VirtualClock; readonly log: TaskLog; readonly sent: LogChunk[] } {
  const clock = new VirtualClock();
  const sent: LogChunk[] = [];
  const lease = { taskId: 't', attempt: 1, token: '0'.repeat(32) };
  return { clock, sent, log: new TaskLog({ lease, clock, send: (chunk) => sent.push(chunk) }) };
}

describe('TaskLog', () => {
  it('sends a burst of lines as one chunk', async () => {
    const { clock, log, sent } = taskLog();
    log.line('one');
    log.line('two');
    await clock.advance(1_000);
    expect(sent.map(({ sequence, text }) => [sequence, text])).toEqual([[0, 'one\ntwo\n']]);
  });

  it('splits what is larger than a chunk and loses nothing', () => {
    const { log, sent } = taskLog();
    const line = 'x'.repeat(MAX_LOG_CHUNK_CHARS * 2 + 5);
    log.line(line);
    log.close();
    expect(sent.map(({ text }) => text).join('')).toBe(`${line}\n`);
    expect(sent.every(({ text }) => text.length <= MAX_LOG_CHUNK_CHARS)).toBe(true);
    expect(sent.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
  });

  it('counts what it does not keep', () => {
    const { log, sent } = taskLog();
    for (let line = 0; line < 5; line++) log.line('x'.repeat(MAX_LOG_BYTES / 4));
    log.close();
    expect(sent.map(({ text }) => text).join('')).toMatch(/\n\.\.\. 2 more lines not kept\n$/);
  });

  it('resends the latest chunks with their numbers', () => {
    const { log, sent } = taskLog();
    for (let chunk = 0; chunk < 20; chunk++) {
      log.line(`line ${chunk}`);
      log.flush();
    }
    sent.length = 0;
    log.resend();
    expect(sent[0]?.sequence).toBe(4);
    expect(sent.at(-1)).toMatchObject({ sequence: 19, text: 'line 19\n' });
  });
});
