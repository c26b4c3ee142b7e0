import type { Graph, Node } from '../graph/graph.ts';
import { checkOverrides, refuse } from './check-overrides.ts';
import { agree, choiceOf, type EditableOverrides, overrideOf, type QuantTypeChoice } from './editable-overrides.ts';
import { floatKindOf } from './float-kind.ts';
import type { QdqSettings } from './settings.ts';

type Settings = Pick<QdqSettings, 'activationType' | 'activationSymmetric' | 'weightType' | 'dedicatedQdqPair'>;

/** Types that the two sides of a tensor are asked to have. */
interface TypeRequest {
  producer: QuantTypeChoice | undefined;
  /** What some nodes, by name, want to read. */
  consumers: { readonly choice: QuantTypeChoice; readonly names: Set<string> } | undefined;
}

/**
 * Overrides that give an activation another type than the others make the operators that write and read it mixed, which QNN does not take: all float
 * inputs and outputs of these operators get that type too, and where they meet the default type the tensor is converted. Completes the overrides in
 * place. Throws `pass-failed` for requests that contradict each other.
 */
export function fixMixedPrecision(graph: Graph, overrides: EditableOverrides, settings: Settings): void {
  checkOverrides(graph, { ...settings, overrides: overrides.all });
  const requests = collectRequests(graph, overrides, settings);
  for (const [tensor, request] of requests) new TensorFix(tensor, { graph, overrides, settings }).apply(request);
  checkOverrides(graph, { ...settings, overrides: overrides.all });
}

/** Goes from each overridden activation to the nodes around it. */
function collectRequests(graph: Graph, overrides: EditableOverrides, settings: Settings): ReadonlyMap<string, TypeRequest> {
  const requests = new Map<string, TypeRequest>();
  const byDefault = { quantType: settings.activationType, symmetric: settings.activationSymmetric };
  for (const [tensor, [override = {}, ...channels]] of overrides.all) {
    const choice = choiceOf(override, settings.activationType);
    const isConstant = graph.initializers.has(tensor);
    if (isConstant || !isFloat(graph, tensor) || channels.length > 0 || override.convert || agree(choice, byDefault)) continue;
    const producer = graph.producer(tensor);
    const around = [...(producer ? [producer] : []), ...directConsumers(graph, tensor)];
    for (const node of around) request(requests, choice, { graph, node });
  }
  return requests;
}

/** Asks that everything float a node writes or reads, constants apart, has one type. */
function request(requests: Map<string, TypeRequest>, choice: QuantTypeChoice, { graph, node }: { graph: Graph; node: Node }): void {
  const requestOf = (tensor: string): TypeRequest => {
    const existing = requests.get(tensor) ?? { producer: undefined, consumers: undefined };
    requests.set(tensor, existing);
    return existing;
  };
  for (const output of node.outputs.filter((name) => isFloat(graph, name))) {
    const existing = requestOf(output);
    if (existing.producer && !agree(existing.producer, choice)) throw refuse(`tensor "${output}" is asked to have two types`);
    existing.producer = choice;
  }
  for (const input of node.inputs.filter((name) => !graph.initializers.has(name) && isFloat(graph, name))) {
    const existing = requestOf(input);
    existing.consumers ??= { choice, names: new Set() };
    if (!agree(existing.consumers.choice, choice)) throw refuse(`readers of tensor "${input}" ask for different types`);
    if (node.name === '') throw refuse(`a ${node.opType} node that needs another type than the default has no name to ask by`);
    existing.consumers.names.add(node.name);
  }
}

function isFloat(graph: Graph, tensor: string): boolean {
  const type = graph.typeOf(tensor);
  return type?.kind === 'tensor' && floatKindOf(type.dataType) !== undefined;
}

function directConsumers(graph: Graph, tensor: string): readonly Node[] {
  return graph.consumers(tensor).filter((node) => node.inputs.includes(tensor));
}

interface FixContext {
  readonly graph: Graph;
  readonly overrides: EditableOverrides;
  readonly settings: Settings;
}

/** Turns what is asked of one tensor into its override. */
class TensorFix {
  readonly #tensor: string;
  readonly #context: FixContext;

  constructor(tensor: string, context: FixContext) {
    this.#tensor = tensor;
    this.#context = context;
  }

  apply({ producer, consumers }: TypeRequest): void {
    const { overrides, settings } = this.#context;
    const written = producer ?? overrides.written(this.#tensor, settings.activationType);
    if (!consumers) this.#convert(written, { quantType: settings.activationType }, this.#allReaders());
    else if (!agree(written, consumers.choice)) this.#convert(written, consumers.choice, consumers.names);
    else if (producer) this.#keepFor(written, consumers.names);
    else this.#refuseConverted(consumers.names);
  }

  /** Writer and these readers agree: only the other readers, if any, get the default type. */
  #keepFor(written: QuantTypeChoice, names: ReadonlySet<string>): void {
    const { overrides, settings } = this.#context;
    const others = new Set([...this.#allReaders()].filter((name) => !names.has(name)));
    if (others.size > 0) this.#convert(written, { quantType: settings.activationType }, others);
    else if (!overrides.all.has(this.#tensor)) overrides.add(this.#tensor, overrideOf(written));
  }

  #refuseConverted(names: ReadonlySet<string>): void {
    const convert = this.#context.overrides.first(this.#tensor)?.convert;
    const isConverted =
      convert !== undefined && (convert.receivers === undefined || [...names].some((name) => convert.receivers?.has(name)));
    if (isConverted) throw refuse(`the override of tensor "${this.#tensor}" converts it for readers that need it as it is`);
  }

  #convert(written: QuantTypeChoice, read: QuantTypeChoice, names: ReadonlySet<string>): void {
    const { overrides, settings } = this.#context;
    if (overrides.first(this.#tensor) === undefined) overrides.add(this.#tensor, overrideOf(written));
    const override = overrides.first(this.#tensor) ?? {};
    if (!agree(written, choiceOf(override, settings.activationType)))
      throw refuse(`tensor "${this.#tensor}" is overridden to another type than its operator needs`);
    if (names.size === 0) return;
    const { quantType = settings.activationType, symmetric } = read;
    const convert = override.convert ?? { quantType, ...(symmetric === undefined ? {} : { symmetric }), receivers: new Set<string>() };
    if (!agree(read, choiceOf(convert))) throw refuse(`tensor "${this.#tensor}" is converted to another type than its readers need`);
    // One that is converted for every reader is so for these too.
    if (convert.receivers) overrides.add(this.#tensor, { convert: { ...convert, receivers: new Set([...convert.receivers, ...names]) } });
  }

  #allReaders(): ReadonlySet<string> {
    return new Set(directConsumers(this.#context.graph, this.#tensor).map((node) => node.name));
  }
}
