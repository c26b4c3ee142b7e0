import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { DataType } from '../graph/data-type.ts';
import { float32Tensor, makeTensor, type Tensor } from '../graph/tensor.ts';
import { rawSafetensors, safetensorsOf } from './checkpoints.cases.ts';
import { parseSafetensors, SafetensorsFile } from './safetensors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-safetensors-'));
});
afterEach(() => rm(folder, { recursive: true }));

const sample = new Map<string, Tensor>([
  ['a', float32Tensor([2], [1, 2])],
  ['b', makeTensor(DataType.UINT8, [3], Uint8Array.of(7, 8, 9))],
  ['empty', float32Tensor([0, 2], [])],
]);

const plain = (tensors: ReadonlyMap<string, Tensor>): unknown => [...tensors].map(([name, { bytes, ...rest }]) => [name, rest, [...bytes]]);

describe('a well-formed file', () => {
  test('gives its tensors as views', () => {
    const bytes = safetensorsOf(sample);
    const tensors = parseSafetensors(bytes, 'f');
    expect(plain(tensors)).toEqual(plain(sample));
    expect(tensors.get('a')?.bytes.buffer).toBe(bytes.buffer);
  });

  test('gives the same tensors from disk', async () => {
    await writeFile(join(folder, 'm.safetensors'), safetensorsOf(sample));
    const file = new SafetensorsFile(join(folder, 'm.safetensors'));
    expect(plain(new Map([...file.entries.keys()].map((name) => [name, file.read(name)!])))).toEqual(plain(sample));
    expect(file.read('none')).toBeUndefined();
    file.close();
  });

  test('round-trips whatever it holds', () => {
    const tensor = fc.array(fc.float(), { maxLength: 6 }).map((values) => float32Tensor([values.length], values));
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), tensor), (members) => {
        const tensors = new Map(Object.entries(members));
        expect(plain(parseSafetensors(safetensorsOf(tensors), 'f'))).toEqual(plain(tensors));
      }),
    );
  });
});

describe('reading ahead', () => {
  const open = async (tensors: ReadonlyMap<string, Tensor>): Promise<SafetensorsFile> => {
    await writeFile(join(folder, 'm.safetensors'), safetensorsOf(tensors));
    return new SafetensorsFile(join(folder, 'm.safetensors'));
  };
  const all = (file: SafetensorsFile): unknown => plain(new Map([...file.entries.keys()].map((name) => [name, file.read(name)!])));

  test('changes nothing about what is read, once it has arrived, before, and again', async () => {
    const file = await open(sample);
    const arrival = file.readAhead();
    expect(all(file)).toEqual(plain(sample));
    await arrival;
    expect([all(file), all(file)]).toEqual([plain(sample), plain(sample)]);
    file.close();
  });

  test('gives every reader bytes of its own', async () => {
    const file = await open(sample);
    await file.readAhead();
    expect(file.read('a')?.bytes.buffer).not.toBe(file.read('a')?.bytes.buffer);
    file.close();
  });

  test('leaves a file that changed to those who ask for its tensors', async () => {
    const file = await open(sample);
    await truncate(join(folder, 'm.safetensors'), 10);
    await file.readAhead();
    expect(() => file.read('a')).toThrow('shorter');
    file.close();
  });

  test('ends quietly when the file is closed meanwhile, and after that', async () => {
    const file = await open(sample);
    const arrival = file.readAhead();
    file.close();
    file.close();
    await arrival;
    await file.readAhead();
    const later = await open(sample);
    expect(all(later)).toEqual(plain(sample));
    later.close();
  });
});

describe('a broken file is refused', () => {
  const entry = (dtype: string, shape: number[], offsets: number[]): string => JSON.stringify({ dtype, shape, data_offsets: offsets });
  const one = (dtype: string, shape: number[], [begin, end, data = 8]: number[]): Uint8Array =>
    rawSafetensors(`{"t":${entry(dtype, shape, [begin!, end!])}}`, new Uint8Array(data));
  const two = (first: number[], second: number[]): Uint8Array =>
    rawSafetensors(`{"s":${entry('U8', [4], first)},"t":${entry('U8', [4], second)}}`, new Uint8Array(8));

  test.each<[string, Uint8Array, string]>([
    ['shorter than its prefix', new Uint8Array(7), 'too few for a header'],
    ['with a header longer than the file', rawSafetensors('{}', new Uint8Array(0), 1000n), 'declares 1000 bytes'],
    ['with a header of 2^63 bytes', rawSafetensors('{}', new Uint8Array(0), 2n ** 63n), 'the format allows'],
    ['whose header is not JSON', rawSafetensors('{"t":'), 'not JSON'],
    ['whose header is not UTF-8', Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff, 0x22), 'not JSON'],
    ['whose header is a list', rawSafetensors('[]'), 'not a JSON object'],
    [
      'with a tensor named twice',
      rawSafetensors(`{"t":${entry('U8', [8], [0, 8])},"\\u0074":${entry('U8', [8], [0, 8])}}`, new Uint8Array(8)),
      'names "t" twice',
    ],
    [
      'with a member given twice',
      rawSafetensors('{"t":{"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]}}', new Uint8Array(1)),
      'names "dtype" twice',
    ],
    ['with metadata that is no map of strings', rawSafetensors('{"__metadata__":{"a":1}}'), '__metadata__'],
    ['with an entry that lacks members', rawSafetensors('{"t":{"dtype":"F32"}}'), 'entry must be'],
    [
      'with an extra member',
      rawSafetensors('{"t":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":1}}', new Uint8Array(1)),
      'entry must be',
    ],
    ['with a fractional offset', one('F32', [2], [0, 8.5]), 'entry must be'],
    ['with a negative dimension', one('F32', [-2], [0, 8]), 'entry must be'],
    ['with an offset beyond 2^53', one('F32', [2], [0, 2 ** 60]), 'entry must be'],
    ['of an unknown type', one('F99', [2], [0, 8]), 'type "F99" is unknown'],
    ['whose shape does not fill its offsets', one('F32', [3], [0, 8]), 'needs 12 bytes; its offsets span 8'],
    ['whose shape overflows', one('F32', [2 ** 40, 2 ** 40], [0, 8]), 'needs too many bytes'],
    ['that ends before it begins', one('F32', [2], [8, 0]), 'ends (0) before it begins (8)'],
    ['cut short', one('F32', [2], [0, 8, 7]), 'truncated'],
    ['with bytes left over', one('F32', [2], [0, 8, 9]), 'left over'],
    ['with overlapping tensors', two([0, 4], [2, 6]), 'overlaps'],
    ['with two tensors on the same bytes', two([0, 4], [0, 4]), 'overlaps'],
    ['with a gap', two([0, 4], [5, 9]), 'gap'],
    ['whose data does not start at zero', one('U8', [4], [4, 8]), 'gap'],
  ])('%s', async (_, bytes, problem) => {
    const expected = { code: 'invalid-safetensors', message: expect.stringContaining(problem) };
    expect(() => parseSafetensors(bytes, 'f')).toThrow(expect.objectContaining(expected));
    await writeFile(join(folder, 'm.safetensors'), bytes);
    expect(() => new SafetensorsFile(join(folder, 'm.safetensors'))).toThrow(expect.objectContaining(expected));
  });

  test('a folder is no safetensors file', () => {
    expect(() => new SafetensorsFile(folder)).toThrow('not a file');
  });

  test('a missing file is not found', () => {
    expect(() => new SafetensorsFile(join(folder, 'none'))).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  test('any truncation or change gives tensors or a GroveError', () => {
    const bytes = safetensorsOf(sample);
    const change = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.array(change, { maxLength: 4 }), (length, changes) => {
        const broken = bytes.slice(0, length);
        for (const { at, value } of changes) if (at < length) broken[at] = value;
        try {
          parseSafetensors(broken, 'f');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GroveError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
