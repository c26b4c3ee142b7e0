import type { ParamsOf } from '../../../domain/passes/registry.ts';

/** How a model becomes float16, in the words of OnnxFloatToFloat16's parameters. */
export interface HalfSettings
  extends Pick<
    ParamsOf<'OnnxFloatToFloat16'>,
    'min_positive_val' | 'max_finite_val' | 'keep_io_types' | 'op_block_list' | 'node_block_list' | 'op_include_list' | 'node_include_list'
  > {
  /** The pass that errors are about. */
  readonly type: string;
  /** Inputs, by operator, that become float16 although the operator is said to take them in float32. */
  readonly force_fp16_inputs: Readonly<Record<string, readonly number[]>>;
}
