import { GroveError, type Problem } from '../../domain/errors.ts';
import { DataType, elementCount } from '../graph/data-type.ts';
import { type Graph, type Node, subgraphsOf } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import { isOnnxDomain } from '../graph/node.ts';
import { checkTensor } from '../graph/tensor.ts';
import { sortTopologically } from '../graph/topology.ts';
import type { ValueInfo } from '../graph/value.ts';

/** After this many problems the rest are not listed. */
const MAX_PROBLEMS = 50;

/**
 * Everything structurally wrong with a model: values read but not defined, names defined twice, cycles, operator sets not imported, tensors and
 * shapes whose sizes do not add up. Operator semantics (arity, types, attributes) are ONNX Runtime's to judge. Sorts the graph. Empty when sound.
 */
export function findProblems(model: Model): readonly Problem[] {
  const checker = new Checker(model);
  checker.opsets();
  checker.graph(model.graph, new Set());
  return checker.problems;
}

/** Throws `invalid-onnx` naming the first problem and listing all of them. */
export function checkModel(model: Model, where = 'model'): void {
  const problems = findProblems(model);
  const first = problems[0];
  if (first) throw new GroveError('invalid-onnx', { where: `${where}, ${first.path}`, problem: first.message }, { problems });
}

class Checker {
  readonly problems: Problem[] = [];
  readonly #model: Model;
  readonly #domains: ReadonlySet<string>;
  readonly #missingDomains = new Set<string>();

  constructor(model: Model) {
    this.#model = model;
    const imported = [...model.opsetImports.keys()].map(plainDomain);
    this.#domains = new Set([...imported, ...model.functions.map((definition) => plainDomain(definition.domain))]);
  }

  opsets(): void {
    if (this.#model.opsetImports.size === 0) this.#report('opset_import', 'no operator set is imported');
    for (const [domain, version] of this.#model.opsetImports) {
      if (version < 1) this.#report('opset_import', `operator set "${domain}" has the impossible version ${version}`);
    }
    if (this.#model.irVersion < 1) this.#report('ir_version', 'it is missing');
  }

  /** `outer` holds the names an enclosing graph defines. */
  graph(graph: Graph, outer: ReadonlySet<string>): void {
    const path = `graph "${graph.name}"`;
    const defined = this.#definitions(graph, outer, path);
    for (const [name, tensor] of graph.initializers) this.#attempt(() => checkTensor(tensor, `${path}, initializer "${name}"`));
    for (const info of [...graph.inputs, ...graph.outputs, ...graph.valueInfo.values()]) this.#valueInfo(info, path);
    const isDefined = (value: string): boolean => value === '' || defined.has(value) || outer.has(value);
    if (!graph.owner && graph.outputs.length === 0) this.#report(path, 'it has no outputs');
    for (const output of graph.outputs) {
      if (output.name === '' || !isDefined(output.name)) this.#report(`${path}, output "${output.name}"`, 'nothing defines it');
    }
    for (const node of graph.nodes) this.#node(node, path, isDefined);
    const visible = new Set([...outer, ...defined]);
    for (const node of graph.nodes) for (const body of subgraphsOf(node)) this.graph(body, visible);
    if (!graph.owner) this.#attempt(() => sortTopologically(graph));
  }

  #definitions(graph: Graph, outer: ReadonlySet<string>, path: string): Set<string> {
    const defined = new Set<string>(graph.initializers.keys());
    const define = (name: string, as: string, repeatable = false): void => {
      if (name === '') return;
      if (outer.has(name) || (defined.has(name) && !repeatable)) this.#report(`${path}, ${as} "${name}"`, 'the name is already taken');
      defined.add(name);
    };
    // An input may repeat an initializer's name: the initializer is then its default.
    const inputs = new Set<string>();
    for (const input of graph.inputs) {
      define(input.name, 'input', !inputs.has(input.name));
      inputs.add(input.name);
    }
    for (const name of graph.sparseInitializers.keys()) define(name, 'sparse initializer');
    for (const node of graph.nodes) for (const output of node.outputs) define(output, 'node output');
    return defined;
  }

  #node(node: Node, graphPath: string, isDefined: (value: string) => boolean): void {
    const path = `${graphPath}, node "${node.name || (node.outputs[0] ?? '')}" (${node.opType})`;
    if (node.opType === '') this.#report(path, 'it names no operator');
    for (const input of node.inputs) if (!isDefined(input)) this.#report(path, `nothing defines its input "${input}"`);
    const domain = plainDomain(node.domain);
    if (this.#domains.has(domain) || this.#missingDomains.has(domain)) return;
    this.#missingDomains.add(domain);
    this.#report(path, `operator set "${node.domain}" is not imported`);
  }

  #valueInfo(info: ValueInfo, graphPath: string): void {
    if (info.type?.kind !== 'tensor') return;
    const path = `${graphPath}, value "${info.name}"`;
    const sizes = (info.type.dims ?? []).filter((dim) => typeof dim === 'number');
    if (info.type.dataType === DataType.UNDEFINED) this.#report(path, 'its element type is undefined');
    if (sizes.some((size) => size < 0)) this.#report(path, 'a dimension is negative');
    if (!Number.isSafeInteger(elementCount(sizes))) this.#report(path, 'its shape has more elements than any tensor can hold');
  }

  #attempt(check: () => void): void {
    try {
      check();
    } catch (thrown) {
      if (!(thrown instanceof GroveError)) throw thrown;
      this.#report(String(thrown.params.where ?? ''), String(thrown.params.problem ?? thrown.message));
    }
  }

  #report(path: string, message: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ path, message });
  }
}

function plainDomain(domain: string): string {
  return isOnnxDomain(domain) ? '' : domain;
}
