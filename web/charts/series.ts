/** A histogram: counts over equal bins. */
export interface Histogram {
  /** Middle of each bin, milliseconds. */
  readonly middles: readonly number[];
  /** Samples of each series in each bin, as a share of that series. */
  readonly shares: readonly (readonly number[])[];
  /** Samples beyond the last bin: shown as a number, not as a tail that hides the rest. */
  readonly beyond: number;
}

const BINS = 60;

/** Where the samples of several launches lie, from the least to the 99.5th percentile of all. */
export function histogramOf(launches: readonly ArrayLike<number>[]): Histogram {
  const all = launches.flatMap((samples) => Array.from(samples)).sort((a, b) => a - b);
  const low = all[0] ?? 0;
  const high = all[Math.min(all.length - 1, Math.floor(all.length * 0.995))] ?? low;
  const width = (high - low) / BINS || 1;
  const shares = launches.map((samples) => {
    const counts = Array.from({ length: BINS }, () => 0);
    for (const sample of Array.from(samples)) {
      const bin = Math.floor((sample - low) / width);
      const last = sample <= high ? Math.min(bin, BINS - 1) : bin;
      if (last < BINS) counts[last] = (counts[last] ?? 0) + 1;
    }
    return counts.map((count) => count / Math.max(1, samples.length));
  });
  const beyond = all.filter((sample) => sample > high).length;
  return { middles: Array.from({ length: BINS }, (_, bin) => low + (bin + 0.5) * width), shares, beyond };
}

const MOST_POINTS = 400;

/** Runs in order, at most 400 points: of each group its largest, so that no spike is lost. */
export function runsOf(samples: ArrayLike<number>): { readonly runs: readonly number[]; readonly ms: readonly number[] } {
  const size = Math.max(1, Math.ceil(samples.length / MOST_POINTS));
  const groups = Array.from({ length: Math.ceil(samples.length / size) }, (_, group) => group * size);
  const ms = groups.map((begin) =>
    Math.max(...Array.from({ length: Math.min(size, samples.length - begin) }, (_, at) => samples[begin + at] ?? 0)),
  );
  return { runs: groups.map((begin) => begin + 1), ms };
}

/** Several lines over one axis: a value for every place of the axis, null where a line has none. */
export function aligned(lines: readonly { readonly xs: readonly number[]; readonly ys: readonly number[] }[]) {
  const axis = [...new Set(lines.flatMap(({ xs }) => xs))].sort((a, b) => a - b);
  const columns = lines.map(({ xs, ys }) => {
    const values = new Map(xs.map((x, index) => [x, ys[index] ?? null]));
    return axis.map((x) => values.get(x) ?? null);
  });
  return { axis, columns };
}
