import type { Json } from '../json.ts';
import type { PassSide } from '../passes/manifest.ts';

/** A JSON object as the recipe file holds it. */
export type JsonObject = { readonly [key: string]: Json };

export type AcceleratorDevice = 'cpu' | 'gpu' | 'npu';

/** A machine the recipe names, after Olive's inference of missing parts. */
export interface RecipeSystem {
  /** Key under `$.systems`; `inline` when the object stands in place of a name, `default` when the recipe names none. */
  readonly name: string;
  /** Olive's spelling: `LocalSystem`, `PythonEnvironment`, `Docker`. */
  readonly type: string;
  readonly device: AcceleratorDevice;
  /** Full name: `QNNExecutionProvider`. */
  readonly ep: string;
  /** Olive's accelerator spec, lower case, EP without its suffix: `npu-qnn`. */
  readonly accelerator: string;
}

/** What a recipe converts. */
export interface InputModel {
  /** Olive's spelling: `HfModel`, `ONNXModel`. */
  readonly type: string;
  /** Hub id or path as written; null when the file leaves it out. */
  readonly modelPath: string | null;
  /** Task of the export, for example `feature-extraction`. Olive's default for an HfModel without one is `text-generation-with-past`. */
  readonly task: string;
  /** Every other member after flattening (`load_kwargs`, `io_config`, `model_attributes`). */
  readonly config: JsonObject;
}

/** Who can run a pass: Grove itself, Grove on a machine with OpenVINO's toolchain, or only Olive's. */
export type PassSupport = 'native' | 'openvino' | 'olive';

/** One step of the recipe, in file order. */
export interface RecipePass {
  /** Key under `$.passes`: the name people use in `--set name.param=value`. */
  readonly name: string;
  /** Olive's canonical spelling of the type. */
  readonly type: string;
  /** JSON path of the pass: `$.passes.conversion`. */
  readonly path: string;
  readonly side: PassSide;
  readonly known: PassSupport;
  /** Continues "is not implemented natively", for example ` (surgeon TieWordEmbeddings)`; empty when nothing more is to say. */
  readonly detail: string;
  /** Parameters after flattening; with Olive's defaults when Grove knows the pass, as written otherwise. */
  readonly params: JsonObject;
  /** Parameters as the file gives them, after flattening: lint looks here for what the author wrote. */
  readonly written: JsonObject;
  /** JSON path of each written parameter: beside `type` or below `config`. */
  readonly writtenAt: Readonly<Record<string, string>>;
}

/** One component of a data config (load, pre-process, post-process, dataloader) after flattening. */
export interface DataComponent {
  /** Registered component name; null means the container's own default. */
  readonly type: string | null;
  readonly params: JsonObject;
}

/** Where the rows come from, as `datasets.load_dataset` would be called. */
export interface DataSource {
  /** Hub id of the data set; null when the container reads none (DummyDataContainer). */
  readonly dataset: string | null;
  readonly subset: string | null;
  /** As written: `validation`, `train[:300]`. `splitRows` reads the slice. */
  readonly split: string;
  /** Local files named by the recipe, as written. */
  readonly dataFiles: Json;
}

/** How text columns become model inputs. */
export interface Tokenization {
  /** Columns passed to the tokenizer in order; two columns are a sentence pair. */
  readonly columns: readonly string[];
  /** Rows taken from the start, before tokenising; null takes all. */
  readonly maxSamples: number | null;
  /** `max_length` pads every row to `maxLength`, `longest` to the longest of its batch, `none` not at all. */
  readonly padding: 'max_length' | 'longest' | 'none';
  readonly truncation: boolean;
  /** Tokens; null leaves the tokenizer's own limit. */
  readonly maxLength: number | null;
  readonly addSpecialTokens: boolean;
}

/** A named data configuration with Olive's defaults filled in. */
export interface DataConfig {
  readonly name: string;
  /** JSON path: `$.data_configs[0]`. */
  readonly path: string;
  /** Olive's spelling: `HuggingfaceContainer`, `DataContainer`, `DummyDataContainer`, ... */
  readonly type: string;
  readonly source: DataSource;
  readonly tokenization: Tokenization;
  readonly labelColumn: string | null;
  readonly batchSize: number;
  readonly dropLast: boolean;
  readonly load: DataComponent;
  readonly preProcess: DataComponent;
  readonly postProcess: DataComponent;
  readonly dataloader: DataComponent;
}

/** A goal of a sub-metric. Percent values are percent: 0.1 means 0.1 %. */
export interface MetricGoal {
  readonly type: 'threshold' | 'min-improvement' | 'max-degradation' | 'percent-min-improvement' | 'percent-max-degradation';
  readonly value: number;
}

/** One statistic of a metric: `latency` / `avg`. */
export interface SubMetric {
  readonly name: string;
  readonly path: string;
  /** 1 is the most important; -1 is reported and never compared. */
  readonly priority: number;
  readonly higherIsBetter: boolean;
  readonly goal: MetricGoal | null;
  /** The metric_config as written, after flattening: of `accuracy` what torchmetrics is asked for. */
  readonly config: JsonObject;
}

/** One metric of the evaluator the recipe uses. */
export interface Metric {
  readonly name: string;
  readonly path: string;
  readonly type: 'latency' | 'throughput' | 'accuracy' | 'size_on_disk' | 'custom';
  /** What computes accuracy: `torch_metrics`, Olive's default, or `huggingface_metrics`. */
  readonly backend: string;
  readonly subTypes: readonly SubMetric[];
  /** Name of the data_config its inputs come from. */
  readonly dataConfig: string | null;
  /** Runs discarded first. Olive reads it from the first sub-type only. */
  readonly warmupCount: number;
  /** Runs measured. */
  readonly repeatCount: number;
  /** Pause after every run, outside the timed region. */
  readonly sleepMs: number;
}

/** An Olive workflow file, understood. Everything that Grove decides about a recipe is decided from this. */
export interface Recipe {
  /** Catalogue path or file name, for messages and the matrix. */
  readonly name: string;
  /** SHA-256 of the document's canonical JSON: white space and key order do not change it, except that the order of `passes` does. */
  readonly digest: string;
  /** The file as given, for storing and for the Olive fallback. */
  readonly document: JsonObject;
  readonly workflowId: string;
  readonly inputModel: InputModel;
  readonly host: RecipeSystem;
  readonly target: RecipeSystem;
  /** In execution order. */
  readonly passes: readonly RecipePass[];
  readonly dataConfigs: readonly DataConfig[];
  /** Metrics of the engine's evaluator; empty without one. */
  readonly metrics: readonly Metric[];
  /** Whether Olive would also measure the input model (its default is true). */
  readonly evaluatesInputModel: boolean;
  readonly outputDir: string | null;
  /** JSON paths of every `user_script`, `script_dir`, `model_script` and `model_loader`: code, refused unless an operator allows it. */
  readonly userScripts: readonly string[];
  /** Those of them that nobody can run: their file did not come with the recipe, or they are more than one file. */
  readonly lackingScripts: readonly string[];
  /** Python files that came with the recipe: name -> source. */
  readonly scripts: Readonly<Record<string, string>>;
}
