import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parquetBuffer } from './file-parts.ts';

let file = '';
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-parts-'));
  file = join(folder, 'parts');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const WHOLE = Uint8Array.from({ length: 200 }, (_, index) => index + 1);

it('gives every slice as the whole file would, with zeros where nothing was fetched', async () => {
  const range = fc
    .tuple(fc.nat(199), fc.integer({ min: 1, max: 60 }))
    .map(([from, length]) => ({ from, to: Math.min(200, from + length) }));
  await fc.assert(
    fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 6 }), range, async (ranges, asked) => {
      await writeFile(file, Buffer.concat(ranges.map(({ from, to }) => WHOLE.subarray(from, to))));
      const isHeld = (index: number) => ranges.some(({ from, to }) => index >= from && index < to);
      const expected = [...WHOLE].map((byte, index) => (isHeld(index) ? byte : 0)).slice(asked.from, asked.to);
      const buffer = await parquetBuffer(file, { sizeBytes: WHOLE.length, ranges });
      const slice = Promise.resolve(buffer.slice(asked.from, asked.to));
      if (expected.every((byte) => byte === 0)) await expect(slice).rejects.toThrow('were not fetched');
      else expect([...new Uint8Array(await slice)]).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});

it('refuses a file that is shorter than its parts say', async () => {
  await writeFile(file, WHOLE.subarray(0, 10));
  const buffer = await parquetBuffer(file, { sizeBytes: 200, ranges: [{ from: 50, to: 90 }] });
  await expect(Promise.resolve(buffer.slice(50, 90))).rejects.toThrow('cut off');
});
