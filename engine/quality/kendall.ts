/**
 * Kendall's tau-b of two scores of the same items: concordant minus discordant pairs over the geometric mean of the pairs that each side tells apart
 * (Kendall 1945, "The treatment of ties in ranking problems"). -1 to 1; null when a side ties everything, or for fewer than two items.
 * Counted by sorting (Knight 1966): n log n. NaN counts as lower than every number.
 */
export function kendallTauB(a: readonly number[], b: readonly number[]): number | null {
  const order = Array.from(a, (_, index) => index).sort((i, j) => compare(a[i], a[j]) || compare(b[i], b[j]));
  const first = order.map((index) => a[index]);
  const second = order.map((index) => b[index]);
  const pairs = pairsOf(order.length);
  const tiedFirst = tiedPairs(order.length, (i) => compare(first[i - 1], first[i]) === 0);
  const tiedBoth = tiedPairs(order.length, (i) => compare(first[i - 1], first[i]) === 0 && compare(second[i - 1], second[i]) === 0);
  const { sorted, inversions } = sortCounting(second);
  const tiedSecond = tiedPairs(order.length, (i) => compare(sorted[i - 1], sorted[i]) === 0);
  const apart = (pairs - tiedFirst) * (pairs - tiedSecond);
  if (apart === 0) return null;
  return (pairs - tiedFirst - tiedSecond + tiedBoth - 2 * inversions) / Math.sqrt(apart);
}

/** Order of scores: NaN below everything. */
export function compare(a: number | undefined, b: number | undefined): number {
  const x = rank(a);
  const y = rank(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

function rank(score: number | undefined): number {
  return score === undefined || Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2;
}

/** Pairs within runs of equal items, where `isTied(i)` says whether item i equals the one before. */
function tiedPairs(count: number, isTied: (index: number) => boolean): number {
  let tied = 0;
  let run = 1;
  for (let i = 1; i < count; i++) {
    run = isTied(i) ? run + 1 : 1;
    tied += run - 1;
  }
  return tied;
}

/** Merge sort that counts the pairs it finds in the wrong order; equal ones are not. */
function sortCounting(values: readonly (number | undefined)[]): {
  readonly sorted: readonly (number | undefined)[];
  readonly inversions: number;
} {
  if (values.length < 2) return { sorted: values, inversions: 0 };
  const middle = values.length >> 1;
  const left = sortCounting(values.slice(0, middle));
  const right = sortCounting(values.slice(middle));
  const sorted: (number | undefined)[] = [];
  let inversions = left.inversions + right.inversions;
  let taken = 0;
  for (const value of right.sorted) {
    while (taken < left.sorted.length && compare(left.sorted[taken], value) <= 0) sorted.push(left.sorted[taken++]);
    inversions += left.sorted.length - taken;
    sorted.push(value);
  }
  return { sorted: [...sorted, ...left.sorted.slice(taken)], inversions };
}
