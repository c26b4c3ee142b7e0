import { floatAttribute, intAttribute, tensorAttribute } from '../graph/attribute.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Dim } from '../graph/value.ts';
import type { BertConfig } from './bert-config.ts';
import type { CountedNames } from './bert-names.ts';
import type { ModuleScope } from './module-scope.ts';

/** Tasks with an emitted head. */
export type BertTask = 'feature-extraction' | 'text-classification';

/** What decides the emitted graph beside the checkpoint. */
export interface BertOptions {
  readonly task: BertTask;
  /** 17 to 20: from 20 on GELU is one node. */
  readonly opset: number;
  /** False: batch and sequence length are fixed at the exporter's dummy input, 2 x 16. */
  readonly dynamic: boolean;
}

/** Everything the emitting functions share. */
export interface Emission {
  readonly config: BertConfig;
  readonly names: CountedNames;
  readonly options: BertOptions;
  readonly graph: Graph;
  /** Scope of the encoder: the root, or `bert` below a head. */
  readonly scope: ModuleScope;
  /** Prefix of the encoder's parameter names: empty, or `bert.`. */
  readonly prefix: string;
  readonly dims: { readonly batch: Dim; readonly sequence: Dim };
}

/** A Constant outside every module, which the exporter names by its counters. */
export function bareConstant(emission: Emission, at: { node: string; value: string }, tensor: Tensor): string {
  emission.graph.addNode({
    opType: 'Constant',
    name: at.node,
    inputs: [],
    outputs: [at.value],
    attributes: { value: tensorAttribute(tensor) },
  });
  return at.value;
}

/** One use of a module's LayerNorm. */
export interface LayerNormSpec {
  readonly input: string;
  /** Parameter path of the module that owns the LayerNorm. */
  readonly module: string;
  readonly output?: string;
}

/** Adds the LayerNorm of a module and returns its output. */
export function emitLayerNorm(emission: Emission, scope: ModuleScope, spec: LayerNormSpec): string {
  const path = `${emission.prefix}${spec.module}.LayerNorm`;
  const attributes = { axis: intAttribute(-1), epsilon: floatAttribute(emission.config.layerNormEpsilon) };
  const inputs = [spec.input, `${path}.weight`, `${path}.bias`];
  return scope.in('LayerNorm').op('LayerNormalization', inputs, { attributes, ...(spec.output ? { output: spec.output } : {}) });
}
