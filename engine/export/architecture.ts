import type { ExportTask } from '../../domain/passes/hf-model.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Emission, InputArgument, Parameter } from './emission.ts';
import type { EncoderConfig } from './encoder-config.ts';
import type { TraceValue } from './trace.ts';

/** Length of one axis of an output: that of the input, or a number. */
export type OutputSize = 'batch' | 'sequence' | number;

/** One result of a model. */
export interface EmittedOutput {
  readonly value: TraceValue;
  readonly sizes: readonly OutputSize[];
}

/** An architecture family that exports. */
export interface Architecture {
  /** `model_type` of its configurations. */
  readonly modelTypes: readonly string[];
  /** Name of the encoder inside a model with a head: `bert`. */
  readonly encoderName: string;
  /** What its forward function takes, in its order. */
  readonly inputs: readonly InputArgument[];
  /** Throws `invalid-checkpoint` and `unsupported-input`. */
  config(checkpoint: Checkpoint): EncoderConfig;
  /** Longest sequence whose positions the table holds. */
  maxSequence(config: EncoderConfig): number;
  /** Parameters of the model for a task in the order of its modules; those of the encoder bear `prefix`. */
  parameters(config: EncoderConfig, task: ExportTask, prefix: string): readonly Parameter[];
  /** Records the model and returns its results in order. */
  emit(emission: Emission): readonly EmittedOutput[];
}
