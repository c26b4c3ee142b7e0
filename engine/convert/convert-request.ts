import type { ModelRule } from '../../domain/lint/model-rules.ts';
import type { InputModel, RecipePass } from '../../domain/recipe/recipe.ts';
import type { ConvertedPass as ReportedPass } from '../../domain/report.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import type { ToolchainPlace } from '../toolchain/openvino-worker.ts';
import type { ConversionData } from './conversion-data.ts';
import type { ModelConfig } from './model-config.ts';

/** What a conversion is told. */
export interface ConvertRequest {
  /** The host passes of the recipe, in order (`planConversion`). Every one must be Grove's. */
  readonly passes: readonly RecipePass[];
  /** What the recipe says of the model: an `HfModel` is a checkpoint folder, an `ONNXModel` an ONNX file or a folder with one. */
  readonly inputModel: InputModel;
  /** Absolute path of the checkpoint folder or ONNX file. */
  readonly source: string;
  /** Absolute path; created when missing. Existing files of the same names are replaced. */
  readonly outFolder: string;
  /** Where to keep the model as it is before any later pass, for the Reference; null keeps none. */
  readonly exportFolder: string | null;
  /** Olive's accelerator spec of the recipe's target. */
  readonly accelerator: string;
  /** Data configs with their rows, for passes that calibrate. Absent: there is none. */
  readonly data?: ConversionData;
  readonly runtime: InferenceRuntime;
  /** OpenVINO's toolchain on this machine. Absent: it is not installed. */
  readonly openvino?: ToolchainPlace;
  /** Existing folder for temporary files: whoever kills a conversion removes it. Absent: the system's. */
  readonly scratchFolder?: string;
  readonly signal: AbortSignal;
  onEvent(event: ConvertEvent): void;
}

/** What happens while a conversion runs. Fractions are of the pass. */
export type ConvertEvent =
  | { readonly kind: 'pass-started'; readonly name: string; readonly type: string; readonly index: number; readonly count: number }
  | { readonly kind: 'pass-progress'; readonly name: string; readonly fraction: number }
  | { readonly kind: 'pass-finished'; readonly report: ConvertedPass }
  | { readonly kind: 'log'; readonly line: string };

/** One pass as it went. */
export type ConvertedPass = Required<ReportedPass>;

/** Lint of the conversion: what only the model can tell. */
export interface ConvertFinding {
  readonly rule: ModelRule;
  /** JSON path in the recipe. */
  readonly path: string;
  readonly message: string;
}

/** A file of the result, relative to the out folder. */
export interface ConvertedFile {
  readonly path: string;
  readonly sizeBytes: number;
}

export interface ConvertResult {
  /** `model.onnx`, its data file or the OpenVINO model it refers to if any, and `model_config.json`. */
  readonly files: readonly ConvertedFile[];
  readonly modelPath: string;
  /** Path of the model before any later pass; null when none was asked for. */
  readonly exportPath: string | null;
  readonly passes: readonly ConvertedPass[];
  readonly findings: readonly ConvertFinding[];
  /** What `model_config.json` says. */
  readonly modelConfig: ModelConfig;
  readonly sourceBytes: number;
  /** Bytes of all result files. */
  readonly resultBytes: number;
}
