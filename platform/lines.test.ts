import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineTooLongError, readLines } from './lines.ts';

async function linesOf(chunks: readonly Buffer[], maxChars = 1_000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(Readable.from(chunks), maxChars)) lines.push(line);
  return lines;
}

describe('readLines', () => {
  it('gives the same lines however the bytes are cut into chunks', async () => {
    const text = 'first\r\nsecond äöü €\n\nlast without end';
    const bytes = Buffer.from(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: bytes.length })), async (cuts) => {
        const sorted = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
        expect(await linesOf(chunks)).toEqual(['first', 'second äöü €', '', 'last without end']);
      }),
    );
  });

  it('refuses a line over its bound before the line has ended', async () => {
    await expect(linesOf([Buffer.from('ok\n'), Buffer.alloc(600, 'x'), Buffer.alloc(600, 'x')])).rejects.toThrow(LineTooLongError);
  });

  it('ends quietly when the stream breaks', async () => {
    const broken = new Readable({
      read() {
        this.push('whole\npart');
        this.destroy(new Error('EPIPE'));
      },
    });
    const lines: string[] = [];
    for await (const line of readLines(broken, 100)) lines.push(line);
    expect(lines.length).toBeLessThanOrEqual(2);
  });
});
