import type { NamedTensors } from '../runtime/tensor.ts';

/** What a data config yields: model inputs in file order. */
export interface DataBatches {
  /** Named int64 tensors of shape [batch, tokens]; the last batch may be smaller unless `drop_last`. */
  readonly batches: readonly NamedTensors[];
  /** Rows behind all batches together. */
  readonly rowCount: number;
}
