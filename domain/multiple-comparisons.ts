/** What many tests at once allow to be said. Pure functions over p-values; the methods and their choice are in docs/measurement.md. */

/**
 * The largest p-value that counts as a finding so that at most the share `level` of all findings is expected to be false (step-up procedure of Benjamini
 * and Hochberg 1995); 0 when there is none. Where nothing is true, the chance of any finding is at most `level`.
 */
export function falseDiscoveryThreshold(pValues: readonly number[], level: number): number {
  const sorted = Float64Array.from(pValues).sort();
  for (let rank = sorted.length; rank > 0; rank--) {
    const p = sorted[rank - 1] ?? 1;
    if (p <= (rank / sorted.length) * level) return p;
  }
  return 0;
}

/** Adjusted p-values, in the order given: calling those at most `level` findings has a chance of at most `level` of any false one (Holm 1979). */
export function holm(pValues: readonly number[]): readonly number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let largest = 0;
  for (const [rank, { p, index }] of order.entries()) {
    largest = Math.max(largest, Math.min(1, p * (pValues.length - rank)));
    adjusted[index] = largest;
  }
  return adjusted;
}
