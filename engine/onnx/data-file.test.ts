import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { makeTensor, type Tensor } from '../graph/tensor.ts';
import { endOf, placeTensors, writePlaced } from './data-file.ts';

const bytesOf = (length: number, value: number): Tensor => makeTensor(DataType.UINT8, [length], new Uint8Array(length).fill(value));

async function written(tensors: readonly Tensor[], start = 0): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'grove-data-file-'));
  const path = join(folder, 'weights');
  const file = await open(path, 'w');
  try {
    const named = tensors.map((tensor, index) => [String(index), tensor] as const);
    await writePlaced(file.fd, placeTensors(named, { location: 'weights', thresholdBytes: 1, start }));
    return await readFile(path);
  } finally {
    await file.close();
    await rm(folder, { recursive: true });
  }
}

describe('a data file', () => {
  it('holds every tensor at its place and zeros between them', async () => {
    const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(1 << 20)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 0, max: 5000 }), async (sizes, start) => {
        const tensors = sizes.map((size, index) => bytesOf(size, index + 1));
        const placed = placeTensors(
          tensors.map((tensor, index) => [String(index), tensor]),
          { location: 'weights', thresholdBytes: 1, start },
        );
        const expected = Buffer.alloc(endOf(placed));
        for (const { tensor, place } of placed) expected.set(tensor.bytes, place.offset);
        expect((await written(tensors, start)).equals(expected)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it('takes more tensors than one call can write', async () => {
    const content = await written(Array.from({ length: 2500 }, (_, index) => bytesOf(1, index % 251)));
    expect(Array.from({ length: 2500 }, (_, index) => content[index * 64])).toEqual(
      Array.from({ length: 2500 }, (_, index) => index % 251),
    );
  });
});
