import { floatAttribute } from '../graph/attribute.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { fixedInitializer, hasDefaults, type Model } from '../graph/model.ts';
import { type Tensor, toFloat32 } from '../graph/tensor.ts';
import { removeUnused, sortByReadiness } from '../graph/topology.ts';
import { ActivationPairs, redirect } from './activation-pairs.ts';
import { type QuantizedBias, quantizeBias } from './bias.ts';
import { FLOAT32, floatKindOf } from './float-kind.ts';
import type { Absorption, BiasMark, Plan } from './plan.ts';
import { type ParameterNames, QdqNodes } from './qdq-nodes.ts';
import { channelLayout, quantizeTensor } from './quantize-values.ts';
import type { ReportBuilder, SkipReason } from './report.ts';
import type { Conversion, ResolvedTensor } from './resolve.ts';
import type { QdqSettings } from './settings.ts';
import type { TensorScales } from './tensor-scales.ts';

/** Slot of the bias in every operator that has one. */
const BIAS_SLOT = 2;

/** Everything that has been decided about a graph. */
export interface Rewrite {
  readonly plan: Plan;
  readonly resolved: ReadonlyMap<string, ResolvedTensor>;
  readonly settings: QdqSettings;
  /** Of the QuantizeLinear and DequantizeLinear nodes. */
  readonly domain: string;
  readonly report: ReportBuilder;
}

/** Carries a plan out: the only place where quantisation changes a graph. What nothing reads afterwards is removed, nodes are sorted. */
export function rewriteGraph(model: Model, rewrite: Rewrite): void {
  const { graph } = model;
  const rewriter = new Rewriter(model, rewrite);
  const { plan, resolved, settings } = rewrite;
  for (const absorption of plan.absorptions) rewriter.absorb(absorption);
  const biases = new Map([...plan.biases.values()].map(({ original }) => [original, graph.initializers.get(original)]));
  for (const [tensor, decision] of resolved) rewriter.quantize(tensor, decision);
  if (settings.quantizeBias) {
    for (const [name, mark] of plan.biases) {
      const bias = biases.get(mark.original);
      if (bias && !rewriter.isQuantized(name)) rewriter.quantizeBias(name, mark, bias);
    }
  }
  rewriter.finish();
}

/** What the readers of a quantised tensor read. */
interface Quantized {
  readonly parameters: ParameterNames;
  readonly conversion?: { readonly parameters: ParameterNames; readonly receivers: ReadonlySet<string> | undefined };
}

class Rewriter {
  readonly #model: Model;
  readonly #graph: Graph;
  readonly #rewrite: Rewrite;
  readonly #nodes: QdqNodes;
  readonly #quantized = new Map<string, Quantized>();
  readonly #pairs: ActivationPairs;

  constructor(model: Model, rewrite: Rewrite) {
    const { graph } = model;
    this.#model = model;
    this.#graph = graph;
    this.#rewrite = rewrite;
    this.#nodes = new QdqNodes(graph, rewrite.domain, rewrite.report);
    this.#pairs = new ActivationPairs(graph, this.#nodes);
  }

  isQuantized(tensor: string): boolean {
    return this.#quantized.has(tensor);
  }

  absorb({ node, input, output }: Absorption): void {
    const producer = this.#graph.producer(input);
    if (!producer) return;
    this.#graph.removeNode(node);
    this.#graph.setOutput(producer, producer.outputs.indexOf(input), output);
    this.#graph.valueInfo.delete(input);
    this.#rewrite.report.count('removedActivations');
  }

  quantize(tensor: string, decision: ResolvedTensor): void {
    if (decision.kind === 'constant') this.#quantizeConstant(tensor, decision.scales);
    else this.#quantizeActivation(tensor, this.#parametersOf(tensor, decision), decision.conversion);
  }

  quantizeBias(name: string, mark: BiasMark, bias: Tensor): void {
    const { report } = this.#rewrite;
    const { node, original, factor } = mark;
    const quantized = this.#biasOf(mark, bias);
    if (typeof quantized === 'string') {
      report.skip(original, quantized);
      return;
    }
    report.count('biases');
    const { integers, ...parameters } = this.#nodes.addBias(name, quantized, floatKindOf(bias.dataType) ?? FLOAT32);
    if (name === original) this.#removeConstant(name);
    else this.#graph.setInput(node, BIAS_SLOT, name);
    if (factor) node.attributes.set(factor.attribute, floatAttribute(1));
    this.#nodes.addDequantize({ name: `${name}_DequantizeLinear`, input: integers, output: name, parameters });
  }

  #biasOf({ node, input, weight, factor }: BiasMark, bias: Tensor): QuantizedBias | SkipReason {
    const weightScales = this.#scalesFor(weight, node);
    const [inputScale, ...others] = this.#scalesFor(input, node) ?? [];
    if (inputScale === undefined || others.length > 0 || weightScales === undefined) return 'bias-without-scale';
    return quantizeBias(bias, { inputScale, weightScales, factor: factor?.value ?? 1 });
  }

  /** Constants that became integers are no inputs of the graph any more; inputs that nobody reads keep their defaults. */
  finish(): void {
    const { inputs, initializers } = this.#graph;
    const names = new Set(inputs.map(({ name }) => name));
    const listed = new Map([...initializers].filter(([name]) => names.has(name)));
    removeUnused(this.#graph);
    if (hasDefaults(this.#model)) for (const [name, tensor] of listed) this.#graph.setInitializer(name, tensor);
    const kept = inputs.filter(({ name }) => !listed.has(name) || initializers.has(name));
    inputs.splice(0, inputs.length, ...kept);
    sortByReadiness(this.#graph);
  }

  #quantizeConstant(tensor: string, scales: TensorScales): void {
    const constant = this.#graph.initializers.get(tensor);
    if (!constant) return;
    const parameters = this.#nodes.addParameters(tensor, scales);
    const output = this.#graph.freshName(`${tensor}_DequantizeLinear_Output`);
    redirect(this.#graph, this.#graph.consumers(tensor), { from: tensor, to: output });
    const integers = this.#integersOf(tensor, constant, { scales, parameters });
    this.#nodes.addDequantize({ name: `${tensor}_DequantizeLinear`, input: integers, output, parameters });
    this.#quantized.set(tensor, { parameters });
    this.#rewrite.report.count('weights');
  }

  /** The integers as an initializer, or computed from the floats when a recipe wants weights with a pair of nodes. */
  #integersOf(tensor: string, constant: Tensor, { scales, parameters }: { scales: TensorScales; parameters: ParameterNames }): string {
    if (!this.#rewrite.settings.addQdqPairToWeight) {
      return this.#nodes.addInitializer(`${tensor}_quantized`, quantizeTensor(constant, channelLayout(constant.dims, scales.axis), scales));
    }
    const output = this.#graph.freshName(`${tensor}_QuantizeLinear_Output`);
    this.#nodes.addQuantize({ name: `${tensor}_QuantizeLinear`, input: tensor, output, parameters });
    return output;
  }

  #parametersOf(tensor: string, decision: Exclude<ResolvedTensor, { kind: 'constant' }>): ParameterNames {
    if (decision.kind === 'activation') return this.#nodes.addParameters(tensor, decision.scales);
    const { tensor: provider, reader } = decision.sharedWith;
    const parameters = this.#parametersFor(provider, reader);
    if (parameters === undefined) throw new RangeError(`the parameters of "${provider}" are not there yet`);
    return parameters;
  }

  #parametersFor(tensor: string, reader: Node): ParameterNames | undefined {
    const quantized = this.#quantized.get(tensor);
    const { conversion } = quantized ?? {};
    const isConverted = conversion !== undefined && (conversion.receivers?.has(reader.name) ?? true);
    return isConverted ? conversion.parameters : quantized?.parameters;
  }

  /** Scales of a tensor that was quantised here, or of one that the given model had quantised by constants. */
  #scalesFor(tensor: string, reader: Node): readonly number[] | undefined {
    const parameters = this.#parametersFor(tensor, reader);
    if (parameters) return parameters.scales;
    const scale = fixedInitializer(this.#model, this.#rewrite.plan.dequantized.get(tensor)?.inputs[1] ?? '');
    return scale && floatKindOf(scale.dataType) ? Array.from(toFloat32(scale)) : undefined;
  }

  #quantizeActivation(tensor: string, parameters: ParameterNames, conversion: Conversion | undefined): void {
    const readers = this.#rewrite.plan.readers.get(tensor) ?? [];
    if (conversion) {
      const converted = this.#nodes.addParameters(tensor, conversion.scales, '_convert');
      this.#quantized.set(tensor, { parameters, conversion: { parameters: converted, receivers: conversion.receivers } });
      this.#pairs.addConverted(tensor, readers, { parameters, converted, receivers: conversion.receivers });
      return;
    }
    this.#quantized.set(tensor, { parameters });
    if (this.#rewrite.settings.dedicatedQdqPair && readers.length > 1) this.#pairs.addForEach(tensor, readers, parameters);
    else this.#pairs.add(tensor, parameters);
  }

  #removeConstant(name: string): void {
    const { inputs } = this.#graph;
    this.#graph.removeInitializer(name);
    const index = inputs.findIndex((input) => input.name === name);
    if (index >= 0) inputs.splice(index, 1);
  }
}
