/** Why a tensor that an operator wanted quantised stayed float. */
export type SkipReason =
  | 'unknown-type'
  | 'no-range'
  | 'range-not-finite'
  | 'range-too-narrow'
  | 'value-not-finite'
  | 'already-dequantized'
  /** An initializer that is only the default of a graph input. */
  | 'replaceable'
  | 'provider-not-quantized'
  | 'bias-not-constant'
  | 'bias-of-scaled-product'
  | 'bias-without-scale'
  | 'bias-overflows'
  | 'bias-scale-too-small'
  | 'bias-shape';

/** A tensor that stayed float. */
export interface SkippedTensor {
  readonly tensor: string;
  readonly reason: SkipReason;
}

/** What `quantizeModel` did, for `--explain`. */
export interface QuantizeReport {
  /** QuantizeLinear nodes inserted. */
  readonly quantizeNodes: number;
  /** DequantizeLinear nodes inserted. */
  readonly dequantizeNodes: number;
  /** Constants that became integers, biases not counted. */
  readonly weights: number;
  /** Biases that became int32. */
  readonly biases: number;
  /** Clip and Relu nodes whose work the clamping of a QuantizeLinear does. */
  readonly removedActivations: number;
  /** Each tensor once, in the order of the nodes that read it. */
  readonly skipped: readonly SkippedTensor[];
}

/** Members of a report that count something. */
type Counted = Exclude<keyof QuantizeReport, 'skipped'>;

/** Collects a report while the model is quantised. */
export class ReportBuilder {
  readonly #counts: Record<Counted, number> = { quantizeNodes: 0, dequantizeNodes: 0, weights: 0, biases: 0, removedActivations: 0 };
  readonly #skipped = new Map<string, SkippedTensor>();

  count(what: Counted): void {
    this.#counts[what]++;
  }

  /** The first reason counts. */
  skip(tensor: string, reason: SkipReason): void {
    if (!this.#skipped.has(tensor)) this.#skipped.set(tensor, { tensor, reason });
  }

  build(): QuantizeReport {
    return { ...this.#counts, skipped: [...this.#skipped.values()] };
  }
}
