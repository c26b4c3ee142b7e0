import { describe, expect, test } from 'vitest';
import { judgedSimilarity } from './judged-similarity.ts';

const logit = { meanAbs: 0, maxAbs: 0, top1Agreement: null, agreement: 0.97 };

describe('the similarity that a bound applies to', () => {
  test('is the agreement of scores, which their cosine would hide', () => {
    expect(judgedSimilarity({ logit, cosinePooled: null, cosineMean: 1 })).toEqual({ name: 'agreement of scores', value: 0.97 });
  });

  test('is the mean-pooled cosine of sequences, and else the mean cosine of rows', () => {
    expect(judgedSimilarity({ logit: null, cosinePooled: 0.98, cosineMean: 1 }).value).toBe(0.98);
    expect(judgedSimilarity({ logit: { ...logit, agreement: null }, cosinePooled: null, cosineMean: 0.99 }).value).toBe(0.99);
  });
});
