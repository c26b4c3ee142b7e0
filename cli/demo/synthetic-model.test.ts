import { describe, expect, test } from 'vitest';
import { fillNormal, seededUint32 } from './seeded-normal.ts';
import { vocabulary } from './synthetic-model.ts';

describe('synthetic weights', () => {
  test('repeat for the same seed and differ for another', () => {
    const draw = (seed: number) => {
      const values = new Float32Array(1_001);
      fillNormal(values, 1, seededUint32(seed));
      return values;
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test('have the mean, deviation and tails of a normal distribution', () => {
    const values = new Float32Array(200_000);
    fillNormal(values, 0.5, seededUint32(7));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    const beyondTwo = values.filter((value) => Math.abs(value) > 1).length / values.length;
    expect(mean).toBeCloseTo(0, 2);
    expect(deviation).toBeCloseTo(0.5, 2);
    expect(beyondTwo).toBeCloseTo(0.0455, 2);
  });
});

describe('synthetic vocabulary', () => {
  test('fills exactly the rows of the embedding, each once, with the special pieces where BERT has them', () => {
    const ids = Object.values(vocabulary());
    expect(new Set(ids).size).toBe(30_522);
    expect(Math.max(...ids)).toBe(30_521);
    expect(vocabulary()['[CLS]']).toBe(101);
  });
});
