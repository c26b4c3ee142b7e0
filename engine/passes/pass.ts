import type { PassManifest } from '../../domain/passes/manifest.ts';
import type { Model } from '../graph/model.ts';

/** What a pass may use beside its parameters. */
export interface PassContext {
  /** Olive's accelerator spec of the recipe's target, lower case: `gpu-nvtensorrtrtx`. */
  readonly accelerator: string;
  /** Empty scratch folder of this pass; removed afterwards. */
  readonly workFolder: string;
  /** Facts that ride along from pass to pass: the Hugging Face config plus `hf_task`. A pass may add to the returned copy. */
  readonly modelAttributes: Readonly<Record<string, unknown>>;
  /** One line for the task log. */
  log(line: string): void;
  /** Fraction of this pass done, 0 to 1. */
  progress(fraction: number): void;
  /** Aborts between steps; a pass checks it in long loops. */
  readonly signal: AbortSignal;
}

/** Something a person reading the recipe page wants to know about what a pass did or did not do. */
export interface PassFinding {
  readonly rule: string;
  readonly message: string;
}

export interface PassReport {
  readonly type: string;
  /** Counts worth showing, by name: `{ initializersConverted: 101, castsRemoved: 7 }`. */
  readonly counts: Readonly<Record<string, number>>;
  /** For example "matched nothing": rendered as lint of the conversion. */
  readonly findings: readonly PassFinding[];
}

export interface PassResult {
  readonly model: Model;
  readonly report: PassReport;
  readonly modelAttributes?: Readonly<Record<string, unknown>>;
  /** Settings for the inference session that the pass decided (OrtSessionParamsTuning), as Olive writes them. */
  readonly inferenceSettings?: Readonly<Record<string, unknown>>;
}

/** One Olive pass: `(model, params, context) -> model + report`. It owns the model it is given and may change it in place. */
export interface Pass<Params = unknown> {
  readonly manifest: PassManifest<Params>;
  run(model: Model, params: Params, context: PassContext): Promise<PassResult>;
}
