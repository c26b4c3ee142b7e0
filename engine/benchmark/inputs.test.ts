import { describe, expect, it } from 'vitest';
import { halvesFromFloats } from '../graph/half.ts';
import type { ValueMetadata } from '../runtime/inference-runtime.ts';
import { feedsFor, generateFeeds, referenceFeeds } from './inputs.ts';

const inputs: ValueMetadata[] = [
  { name: 'input_ids', dtype: 'int64', dims: ['batch_size', 'sequence_length'] },
  { name: 'attention_mask', dtype: 'int64', dims: ['batch_size', null] },
  { name: 'token_type_ids', dtype: 'int32', dims: [1, 3] },
  { name: 'pixels', dtype: 'float32', dims: [2, 2] },
];
const spec = { kind: 'generated', seed: 5, dims: { sequence_length: 4 }, integerBelow: 7 } as const;

describe('generateFeeds', () => {
  it('makes the same values from the same seed and others from another', () => {
    expect(generateFeeds(inputs, spec)).toEqual(generateFeeds(inputs, spec));
    expect(generateFeeds(inputs, spec)).not.toEqual(generateFeeds(inputs, { ...spec, seed: 6 }));
  });

  it('binds named dimensions, else one row of 128', () => {
    const feeds = generateFeeds(inputs, spec);
    expect(Object.values(feeds).map(({ dims }) => dims)).toEqual([
      [1, 4],
      [1, 128],
      [1, 3],
      [2, 2],
    ]);
  });

  it('respects what masks, segments and ids mean', () => {
    const { input_ids: ids, attention_mask: mask, token_type_ids: types, pixels } = generateFeeds(inputs, spec);
    expect([...(ids?.data ?? [])].every((id) => Number(id) >= 0 && Number(id) < 7)).toBe(true);
    expect([...(mask?.data ?? [])].every((value) => value === 1n)).toBe(true);
    expect([...(types?.data ?? [])].every((value) => value === 0)).toBe(true);
    expect([...(pixels?.data ?? [])].every((value) => Math.abs(Number(value)) <= 1)).toBe(true);
  });

  it('refuses shapes that would fill memory and types it cannot make', () => {
    expect(() => generateFeeds(inputs, { ...spec, dims: { sequence_length: 1e9 } })).toThrow(/larger than/);
    expect(() => generateFeeds([{ name: 'text', dtype: 'string', dims: [1] }], spec)).toThrow(/string/);
  });
});

describe('feedsFor', () => {
  it('keeps what the model takes, in the width it takes', () => {
    const data = {
      token_type_ids: { dtype: 'int64', dims: [1, 3], data: BigInt64Array.of(0n, 0n, 1n) },
      pixels: { dtype: 'float16', dims: [2, 2], data: halvesFromFloats(Float32Array.of(1, 2, 3, 0.5)) },
      unused: { dtype: 'int64', dims: [1], data: BigInt64Array.of(1n) },
    } as const;
    expect(feedsFor(inputs.slice(2), data, 'CPUExecutionProvider')).toEqual({
      token_type_ids: { dtype: 'int32', dims: [1, 3], data: Int32Array.of(0, 0, 1) },
      pixels: { dtype: 'float32', dims: [2, 2], data: Float32Array.of(1, 2, 3, 0.5) },
    });
  });

  it('names the input that has no data', () => {
    expect(() => feedsFor(inputs, {}, 'CPUExecutionProvider')).toThrow(/no values for input "input_ids"/);
  });
});

describe('referenceFeeds', () => {
  const ids = { dtype: 'int64', dims: [1, 1], data: BigInt64Array.of(7n) } as const;
  const mask = { dtype: 'int64', dims: [1, 1], data: BigInt64Array.of(1n) } as const;
  const named = (...names: readonly string[]): ValueMetadata[] => names.map((name) => ({ name, dtype: 'int64', dims: [1, 1] }));
  const ep = 'CPUExecutionProvider';

  it('finds inputs that a pass renamed by their position among those renamed', () => {
    const tensors = { input_ids: ids, attention_mask: mask };
    expect(referenceFeeds(named('tokens', 'mask'), tensors, ep)).toEqual({ tokens: ids, mask });
    expect(referenceFeeds(named('attention_mask', 'tokens'), tensors, ep)).toEqual({ attention_mask: mask, tokens: ids });
  });

  it('guesses nothing when a pass also removed or added one', () => {
    expect(referenceFeeds(named('attention_mask'), { input_ids: ids, attention_mask: mask }, ep)).toEqual({ attention_mask: mask });
    expect(() => referenceFeeds(named('tokens'), { input_ids: ids, attention_mask: mask }, ep)).toThrow(/no values for input "tokens"/);
  });
});
