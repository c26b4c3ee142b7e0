import type { Graph } from './graph.ts';
import type { Tensor } from './tensor.ts';
import type { UnknownFields } from './value.ts';

/** A function the model defines itself. Passes do not look inside; it is kept as its encoded FunctionProto. */
export interface FunctionDefinition {
  readonly domain: string;
  readonly name: string;
  readonly overload: string;
  readonly encoded: Uint8Array;
}

/** A whole ONNX model in memory: what every pass takes and returns. */
export interface Model {
  irVersion: number;
  /** Operator set version by domain; `''` is ai.onnx. */
  readonly opsetImports: Map<string, number>;
  producerName: string;
  producerVersion: string;
  domain: string;
  modelVersion: bigint;
  docString: string;
  /** `metadata_props`, in file order. */
  readonly metadata: Map<string, string>;
  readonly graph: Graph;
  readonly functions: readonly FunctionDefinition[];
  /** Encoded TrainingInfoProto and DeviceConfigurationProto messages. */
  readonly trainingInfo: readonly Uint8Array[];
  readonly configurations: readonly Uint8Array[];
  readonly unknown?: UnknownFields;
}

/** What `createModel` needs; the producer defaults to Grove's empty one. */
export interface ModelSpec {
  readonly irVersion: number;
  readonly opsetImports: Iterable<readonly [string, number]>;
  readonly producerName?: string;
  readonly producerVersion?: string;
}

/** A model around a graph, with nothing else in it. */
export function createModel(graph: Graph, spec: ModelSpec): Model {
  return {
    irVersion: spec.irVersion,
    opsetImports: new Map(spec.opsetImports),
    producerName: spec.producerName ?? '',
    producerVersion: spec.producerVersion ?? '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    metadata: new Map(),
    graph,
    functions: [],
    trainingInfo: [],
    configurations: [],
  };
}

/** Version of the standard operator set, or 0 when the model does not import it. */
export function onnxOpset(model: Model): number {
  return model.opsetImports.get('') ?? model.opsetImports.get('ai.onnx') ?? 0;
}

/** Since this version of the format an initializer that is also a graph input is only a default, which callers may replace. */
const FIRST_IR_WITH_DEFAULTS = 4;

/** Whether initializers that are also graph inputs are only defaults. */
export function hasDefaults({ irVersion }: Pick<Model, 'irVersion'>): boolean {
  return irVersion >= FIRST_IR_WITH_DEFAULTS;
}

/** The initializer of that name, if callers cannot replace it. */
export function fixedInitializer(model: Pick<Model, 'graph' | 'irVersion'>, name: string): Tensor | undefined {
  const tensor = model.graph.initializers.get(name);
  return tensor !== undefined && hasDefaults(model) && model.graph.isInput(name) ? undefined : tensor;
}

/** The IR version Olive's exporter writes for an operator set: 8 up to opset 18, 9 for 19 and 20, 10 from 21. */
export function irVersionFor(opset: number): number {
  if (opset <= 18) return 8;
  return opset <= 20 ? 9 : 10;
}
