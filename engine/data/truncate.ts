/**
 * Shortening token sequences before special tokens are added, as Hugging Face's fast tokenizers do
 * (`truncate_encodings` of the Rust library, 0.23): lengths only, so that the rule can be tested on its own.
 */

/** Which sequence of a pair gives up tokens. */
export type Truncation = 'longest_first' | 'only_first' | 'only_second' | 'none';

/** Token counts to keep of each sequence; `second` is 0 without a pair. */
export interface KeptLengths {
  readonly first: number;
  readonly second: number;
}

/**
 * Lengths to keep so that both sequences together hold at most `budget` tokens (special tokens already taken off).
 * Returns undefined when the strategy cannot reach the budget: it would have to remove a whole sequence or one that is not there.
 */
export function truncatedLengths(lengths: KeptLengths, budget: number, truncation: Truncation): KeptLengths | undefined {
  const excess = lengths.first + lengths.second - budget;
  if (excess <= 0 || truncation === 'none') return lengths;
  if (truncation === 'longest_first') return longestFirst(lengths, budget);
  if (truncation === 'only_first') return lengths.first > excess ? { first: lengths.first - excess, second: lengths.second } : undefined;
  return lengths.second > excess ? { first: lengths.first, second: lengths.second - excess } : undefined;
}

/** The shorter sequence keeps up to half the budget, rounded down; the longer one gets the rest. On a tie the first counts as shorter. */
function longestFirst({ first, second }: KeptLengths, budget: number): KeptLengths {
  const shorter = Math.min(first, second, Math.floor(budget / 2));
  const longer = budget - shorter;
  return first <= second ? { first: shorter, second: longer } : { first: longer, second: shorter };
}
