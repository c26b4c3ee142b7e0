import type { Node } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import { floatKindOf } from './float-kind.ts';
import type { BiasDecision, Decision, OperatorContext } from './operators/handler.ts';
import { handlerOf } from './operators/registry.ts';
import { operatorContext } from './plan-context.ts';
import { isSelected } from './range-sources.ts';
import type { ReportBuilder } from './report.ts';
import type { QdqSettings } from './settings.ts';

/** That a tensor is to be quantised, and how. */
export interface Mark {
  /** Decides the integer type of a constant. */
  readonly role: 'activation' | 'weight';
  /** Channel axis of a constant. */
  readonly axis?: number;
  /** The tensor whose parameters this one has, as the named node reads it. */
  readonly sharedWith?: { readonly tensor: string; readonly reader: Node };
}

/** A constant to become int32. */
export interface BiasMark {
  readonly node: Node;
  /** The constant's name in the model; the mark's own name differs when several nodes have it as bias. */
  readonly original: string;
  readonly input: string;
  readonly weight: string;
  readonly factor: BiasDecision['factor'];
}

/** A node that goes: the producer of `input` writes `output` instead. */
export interface Absorption {
  readonly node: Node;
  readonly input: string;
  readonly output: string;
}

/** What the handlers of all nodes decided, in the order of the nodes. */
export interface Plan {
  readonly marks: ReadonlyMap<string, Mark>;
  readonly biases: ReadonlyMap<string, BiasMark>;
  readonly absorptions: readonly Absorption[];
  /** Nodes that are quantised and read a tensor, in order. */
  readonly readers: ReadonlyMap<string, readonly Node[]>;
  /** Nodes of the given model that write a tensor from integers. */
  readonly dequantized: ReadonlyMap<string, Node>;
}

/** What planning needs to know beside the model. */
export interface PlanInputs {
  readonly settings: QdqSettings;
  /** Whether an activation has a range to quantise it by. */
  hasRange(tensor: string): boolean;
}

/** Asks the handler of each selected node, in node order, and applies what it decides. The model stays as it is. */
export function planQuantization(model: Model, inputs: PlanInputs, report: ReportBuilder): Plan {
  const planner = new Planner(model, inputs, report);
  for (const node of model.graph.nodes) planner.visit(node);
  return planner;
}

class Planner implements Plan {
  readonly marks = new Map<string, Mark>();
  readonly biases = new Map<string, BiasMark>();
  readonly absorptions: Absorption[] = [];
  readonly readers = new Map<string, Node[]>();
  readonly dequantized = new Map<string, Node>();
  readonly #model: Model;
  readonly #settings: QdqSettings;
  readonly #report: ReportBuilder;
  readonly #context: OperatorContext;
  /** Channel axis that operators want of a weight, or that they want different ones. */
  readonly #axes = new Map<string, number | 'whole'>();
  readonly #nextSuffixes = new Map<string, number>();

  constructor(model: Model, inputs: PlanInputs, report: ReportBuilder) {
    this.#model = model;
    this.#settings = inputs.settings;
    this.#report = report;
    this.#context = operatorContext(model, inputs, (tensor) => this.marks.has(tensor) || this.biases.has(tensor));
  }

  visit(node: Node): void {
    if (isSelected(node, this.#settings)) {
      for (const decision of handlerOf(node)(node, this.#context)) this.#apply(decision, node);
      for (const input of new Set(node.inputs)) this.#addReader(input, node);
    }
    if (node.opType === 'DequantizeLinear') for (const output of node.outputs) this.dequantized.set(output, node);
  }

  #addReader(tensor: string, node: Node): void {
    const readers = this.readers.get(tensor);
    if (readers) readers.push(node);
    else this.readers.set(tensor, [node]);
  }

  #apply(decision: Decision, node: Node): void {
    switch (decision.kind) {
      case 'activation':
      case 'weight':
        if (!this.marks.has(decision.tensor)) this.#mark(decision.tensor, { role: decision.kind });
        return;
      case 'channels':
        this.#markChannels(decision.tensor, decision.axis);
        return;
      case 'same':
        this.#mark(decision.tensor, { role: 'activation', sharedWith: { tensor: decision.provider, reader: node } });
        return;
      case 'bias':
        this.#markBias(decision, node);
        return;
      case 'skip':
        this.#report.skip(decision.tensor, decision.reason);
        return;
      case 'absorb':
        this.marks.delete(decision.input);
        this.absorptions.push({ node, input: decision.input, output: decision.output });
        return;
    }
  }

  #mark(tensor: string, mark: Mark): void {
    if (this.#isQuantizable(tensor)) this.marks.set(tensor, mark);
  }

  /** Operators that want other channels of one weight get it as a whole: integer kernels would take the one's channels for the other's. */
  #markChannels(tensor: string, axis: number): void {
    const known = this.#axes.get(tensor);
    this.#axes.set(tensor, known === undefined || known === axis ? axis : 'whole');
    const isWhole = this.#axes.get(tensor) === 'whole';
    this.#mark(tensor, { role: 'weight', ...(isWhole ? {} : { axis }) });
  }

  #isQuantizable(tensor: string): boolean {
    if (tensor === '') return false;
    const type = this.#model.graph.typeOf(tensor);
    if (type === undefined) this.#report.skip(tensor, 'unknown-type');
    return type?.kind === 'tensor' && floatKindOf(type.dataType) !== undefined;
  }

  #markBias({ tensor, input, weight, factor }: BiasDecision, node: Node): void {
    // Who overrides how a bias is quantised, wants it quantised as a weight.
    if ((this.#settings.overrides.get(tensor)?.length ?? 0) > 0) this.#markOverriddenBias(tensor);
    else if (this.dequantized.has(tensor)) this.#report.skip(tensor, 'already-dequantized');
    else if (!this.#context.isConstant(tensor)) this.#report.skip(tensor, 'bias-not-constant');
    else if (this.#context.isFloatConstant(tensor)) {
      const name = this.#nameOfBias(tensor, factor !== undefined);
      this.biases.set(name, { node, original: tensor, input, weight, factor });
    }
  }

  #markOverriddenBias(tensor: string): void {
    const axis = this.#context.channelAxis(tensor, 0);
    if (axis !== undefined) this.#mark(tensor, { role: 'weight', axis });
    else if (!this.marks.has(tensor)) this.#mark(tensor, { role: 'weight' });
  }

  /**
   * A bias of several nodes has a scale with each of them, and so a copy for all but the first: its name and a number behind all others. So has one
   * that becomes a multiple of itself while others read it too.
   */
  #nameOfBias(tensor: string, isMultiplied: boolean): string {
    const { graph } = this.#model;
    const isShared = isMultiplied && (graph.useCount(tensor) > 1 || graph.isOutput(tensor));
    if (!this.biases.has(tensor) && !isShared) return tensor;
    const { initializers } = graph;
    let suffix = this.#nextSuffixes.get(tensor) ?? 1 + largestSuffix(tensor, initializers.keys());
    while (graph.defines(`${tensor}${suffix}`) || this.biases.has(`${tensor}${suffix}`)) suffix++;
    this.#nextSuffixes.set(tensor, suffix + 1);
    return `${tensor}${suffix}`;
  }
}

/** The largest number that follows `prefix` in one of the names, else -1. */
function largestSuffix(prefix: string, names: Iterable<string>): number {
  let largest = -1;
  for (const name of names) {
    const suffix = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    if (/^\d+$/.test(suffix)) largest = Math.max(largest, Number(suffix));
  }
  return largest;
}
