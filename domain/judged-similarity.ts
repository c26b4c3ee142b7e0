import type { Quality } from './report.ts';

type Similarities = Pick<Extract<Quality, { state: 'measured' }>, 'logit' | 'cosinePooled' | 'cosineMean'>;

/** The one similarity that a quality bound applies to, and its name for a person. */
export interface JudgedSimilarity {
  readonly name: string;
  readonly value: number;
}

/** One score a row: their agreement. Outputs with a sequence axis: the mean-pooled cosine, which is what embeddings are used by. Else the mean cosine of rows. */
export function judgedSimilarity({ logit, cosinePooled, cosineMean }: Similarities): JudgedSimilarity {
  if (logit !== null && logit.agreement !== null) return { name: 'agreement of scores', value: logit.agreement };
  if (cosinePooled !== null) return { name: 'mean-pooled cosine', value: cosinePooled };
  return { name: 'cosine', value: cosineMean };
}
