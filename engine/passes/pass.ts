import type { ModelRule } from '../../domain/lint/model-rules.ts';
import type { PassManifest } from '../../domain/passes/manifest.ts';
import type { JsonObject } from '../../domain/recipe/recipe.ts';
import type { LeftAlone } from '../../domain/report.ts';
import type { ArrivingCheckpoint } from '../export/checkpoint.ts';
import type { Model } from '../graph/model.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import type { ScratchModels } from '../runtime/scratch-models.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import type { OpenVinoDescription, OpenVinoWorker } from '../toolchain/openvino-worker.ts';

/** What a pass that makes a file may use beside its parameters. Nothing here may depend on the machine: the result is shared by every device. */
export interface PassContext {
  /** Olive's accelerator spec of the recipe's target, lower case: `gpu-nvtensorrtrtx`. */
  readonly accelerator: string;
  /** ONNX Runtime, asked for types and shapes and, by passes with data, for activations. */
  readonly runtime: InferenceRuntime;
  /** Where to write models that ONNX Runtime is to read; absent: nobody else's weights can be shared. */
  readonly scratch?: ScratchModels | undefined;
  /** Facts that ride along from pass to pass: the Hugging Face config plus `hf_task`. A pass may add to the returned copy. */
  readonly modelAttributes: Readonly<Record<string, unknown>>;
  /**
   * Batches of a data_config of the recipe in order, read as they are asked for and again from the start by each caller. What the model has no input
   * for is among them. Throws `unsupported-data`, whose advice says what to give, when the config cannot be evaluated here.
   */
  data(name: string): AsyncIterable<NamedTensors>;
  /** One line for the task log. */
  log(line: string): void;
  /** Fraction of this pass done, 0 to 1. */
  progress(fraction: number): void;
  /** Aborts between steps; a pass checks it in long loops. */
  readonly signal: AbortSignal;
}

/** Something a person reading the recipe page wants to know about what a pass did or did not do. */
export interface PassFinding {
  readonly rule: ModelRule;
  readonly message: string;
  /** Name of the parameter it belongs to; absent: the whole pass. */
  readonly param?: string;
  /** Continues the parameter's JSON path: `[0]`. */
  readonly member?: string;
}

export interface PassReport {
  readonly type: string;
  /** Counts worth showing, by name: `{ initializersConverted: 101, castsRemoved: 7 }`. */
  readonly counts: Readonly<Record<string, number>>;
  /** For example "matched nothing": rendered as lint of the conversion. */
  readonly findings: readonly PassFinding[];
  /** What the pass might have changed and did not, with the reason: `{ what: 'TopK', count: 2, why: 'its type is on op_block_list' }`. Absent: nothing. */
  readonly left?: readonly LeftAlone[];
}

export interface PassResult {
  readonly model: Model;
  readonly report: PassReport;
  /** Absent: unchanged. */
  readonly modelAttributes?: Readonly<Record<string, unknown>>;
}

/** The checkpoint a recipe starts from. */
export interface PassSource {
  /** A Hugging Face folder. */
  readonly folder: string;
  /** The same folder where it has been opened already; the pass closes it. */
  readonly checkpoint?: Promise<ArrivingCheckpoint> | undefined;
  /** Task of the export. */
  readonly task: string;
  /** Further members of the recipe's input model: `io_config`, `load_kwargs`, `model_attributes`. */
  readonly config: JsonObject;
}

/** A pass that makes the first graph from a checkpoint. */
export interface ExportPass<Params = unknown> {
  readonly kind: 'export';
  readonly manifest: PassManifest<Params>;
  run(source: PassSource, params: Params, context: PassContext): Promise<PassResult>;
}

/** A pass from graph to graph. It owns the model it is given and may change it in place. */
export interface GraphPass<Params = unknown> {
  readonly kind: 'graph';
  readonly manifest: PassManifest<Params>;
  /** Whether it gives ONNX Runtime the whole model, weights and all, through `scratch`; default false. */
  readonly writesScratch?: true;
  run(model: Model, params: Params, context: PassContext): Promise<PassResult>;
}

/** A model in OpenVINO's own form, in temporary files. */
export interface OpenVinoModel {
  /** Absolute path of the `.xml`; the `.bin` of the same name lies beside it. */
  readonly xmlPath: string;
  /** Of the `.bin`. */
  readonly sizeBytes: number;
  readonly description: OpenVinoDescription;
  /** Of a quantised model: the same before, and the index of the rows it was calibrated with. */
  readonly unquantized: { readonly xmlPath: string; readonly rows: string } | null;
}

/** A model between passes, whatever its form. */
export type ModelForm =
  | { readonly form: 'checkpoint'; readonly source: PassSource }
  | { readonly form: 'onnx'; readonly model: Model }
  | { readonly form: 'openvino'; readonly model: OpenVinoModel };

/** What a pass in OpenVINO's toolchain may use. */
export interface OpenVinoContext extends PassContext {
  readonly worker: OpenVinoWorker;
  readonly scratch: ScratchModels;
}

export interface OpenVinoResult {
  readonly model: OpenVinoModel;
  /** The ONNX model that a checkpoint became first: what the Reference is made of. */
  readonly exported?: Model;
  readonly report: PassReport;
  /** Absent: unchanged. */
  readonly modelAttributes?: Readonly<Record<string, unknown>>;
}

/** A pass whose result is a model in OpenVINO's form. */
export interface OpenVinoPass<Params = unknown> {
  readonly kind: 'openvino';
  readonly manifest: PassManifest<Params>;
  run(input: ModelForm, params: Params, context: OpenVinoContext): Promise<OpenVinoResult>;
}

/** A pass that wraps a model in OpenVINO's form into an ONNX model, which refers to it by the name `model.xml`. */
export interface EncapsulationPass<Params = unknown> {
  readonly kind: 'encapsulation';
  readonly manifest: PassManifest<Params>;
  run(model: OpenVinoModel, params: Params, context: OpenVinoContext): Promise<PassResult>;
}

/** The machine and session a target pass decides for. */
export interface TargetFacts {
  /** The recipe's execution provider, also when the benchmark substitutes another. */
  readonly ep: string;
  /** The execution provider the session will run on. */
  readonly executedEp: string;
  /** Physical cores of this machine, at least 1. */
  readonly physicalCores: number;
}

/** A pass on the benchmarked machine that leaves the file as it is and decides how its session is made. */
export interface SessionPass<Params = unknown> {
  readonly kind: 'session';
  readonly manifest: PassManifest<Params>;
  /** Throws `pass-failed` for combinations Olive prunes. */
  decide(params: Params, target: TargetFacts): SessionDecision;
}

export interface SessionDecision {
  readonly inferenceSettings: InferenceSettings;
  readonly report: PassReport;
}

/** A pass on the benchmarked machine that has the execution provider compile the model. */
export interface CompilePass<Params = unknown> {
  readonly kind: 'compile';
  readonly manifest: PassManifest<Params>;
  plan(params: Params): { readonly compile: CompilePlan; readonly report: PassReport };
}

/** How the model is compiled. */
export interface CompilePlan {
  /** Whether the compiled parts go into the ONNX file. */
  readonly embedContext: boolean;
  /** For compiling and for running what was compiled. */
  readonly providerOptions: Readonly<Record<string, string>>;
  /** Configuration entries of the session that compiles. */
  readonly sessionConfig: Readonly<Record<string, string>>;
}

/** Settings of an inference session as Olive writes them into `model_config.json`. */
export interface InferenceSettings {
  readonly execution_provider: readonly string[];
  readonly provider_options: readonly Readonly<Record<string, string | number | boolean>>[];
  readonly io_bind: boolean;
  /** Olive's place for a search's result; always null without one. */
  readonly tuning_op_result: null;
  readonly session_options: {
    /** 0 sequential, 1 parallel, null ONNX Runtime's default. */
    readonly execution_mode: number | null;
    /** 0, 1, 2 or 99; null is ONNX Runtime's default. */
    readonly graph_optimization_level: number | null;
    /** Absent where nothing decides: sequential execution has no use for it. */
    readonly inter_op_num_threads?: number;
    readonly intra_op_num_threads: number;
    readonly extra_session_config?: Readonly<Record<string, string>>;
    /** For Olive's own sessions: launches that measure never profile. */
    readonly enable_profiling?: true;
  };
}

/** A pass that runs in a conversion, on any machine. */
export type HostPass<Params = unknown> = ExportPass<Params> | GraphPass<Params> | OpenVinoPass<Params> | EncapsulationPass<Params>;

/** One Olive pass. */
export type Pass<Params = unknown> = HostPass<Params> | SessionPass<Params> | CompilePass<Params>;
