import type { QuantType } from './quant-type.ts';

/** How one activation is quantised, where it differs from the settings. */
export interface QuantOverride {
  readonly quantType?: QuantType;
  readonly symmetric?: boolean;
  /** With `zeroPoint`, and then without `symmetric`, `reduceRange`, `rmin` and `rmax`. */
  readonly scale?: number;
  readonly zeroPoint?: number;
  /** In place of the least value seen. */
  readonly rmin?: number;
  /** In place of the greatest value seen. */
  readonly rmax?: number;
}

/** What some readers of an activation get in place of its producer's type. */
export interface ConvertOverride extends QuantOverride {
  readonly quantType: QuantType;
  /** Names of the nodes that read the converted value; absent: all of them. */
  readonly receivers?: ReadonlySet<string>;
}

/** How one tensor is quantised, where it differs from the settings; of a weight quantised per channel, one channel. */
export interface TensorOverride extends QuantOverride {
  /** Constants only. */
  readonly reduceRange?: boolean;
  /** Constants only: per channel along this axis, negative from the end. Present in the first channel's override. */
  readonly axis?: number;
  /** Activations only. */
  readonly convert?: ConvertOverride;
}

/** By tensor: one override, or for a constant quantised per channel one for each channel (a single one stands for all). */
export type TensorOverrides = ReadonlyMap<string, readonly TensorOverride[]>;
