import { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { type FoldedTrace, foldTrace } from './fold-trace.ts';
import type { Trace, TraceNode, TraceValue } from './trace.ts';

/** Where parameters come from. */
export interface ParameterSource {
  /** A parameter in the export's float type. Throws `invalid-checkpoint` when it is missing or of another shape. */
  parameter(name: string, dims: readonly number[]): Tensor;
  /** A matrix [rows, columns] as [columns, rows]. */
  transposed(name: string, dims: readonly [number, number]): Tensor;
}

/**
 * Makes the graph that PyTorch's TorchScript exporter makes of a trace: folded, and every node and value named as there. One thing it does is left out:
 * where parameters have equal content it keeps one and puts an Identity in the place of each other, which only hides weights from later passes.
 *
 * Inside a module names are its path, the operator and a count. Elsewhere they are the exporter's counters: values outside every module
 * (`onnx::Unsqueeze_110`), transposed weights (`onnx::MatMul_299`) and outputs that nobody named (`294`) show their number, nodes outside every module
 * their place plus the count of Constants (`Constant_124`). Seen on exports by PyTorch 2.7 and 2.13 with transformers 4.57; other versions may number
 * differently, so nobody may address a value by such a name. Grove uses them to be comparable node by node.
 */
export function lowerTrace(trace: Trace, source: ParameterSource): Graph {
  const naming = startNaming(trace);
  const graph = new Graph('main_graph');
  for (const { name, dataType, dims } of trace.inputs) graph.addInput(name, tensorType(dataType, dims));
  addInitializers(graph, naming, { trace, source });
  addNodes(graph, naming);
  for (const { value, dataType, dims } of trace.outputs) graph.addOutput(naming.names.get(value) ?? value, tensorType(dataType, dims));
  return graph;
}

interface Naming extends FoldedTrace {
  /** Final names by trace value; grows as nodes are named. */
  readonly names: Map<TraceValue, string>;
  /** Operator of the first node that reads a value. */
  readonly readers: ReadonlyMap<TraceValue, string>;
}

function startNaming(trace: Trace): Naming {
  const folded = foldTrace(trace);
  const names = new Map(trace.outputs.map(({ value, name }) => [value, name ?? String(folded.numbers.get(value))]));
  const reads = folded.nodes.flatMap(({ opType, inputs }) => inputs.map((input): [TraceValue, string] => [input, opType]));
  return { ...folded, names, readers: new Map(reads.toReversed()) };
}

/** Name of a value outside every module. */
function bareName(value: TraceValue, { readers, numbers }: Naming): string {
  return `onnx::${readers.get(value)}_${numbers.get(value)}`;
}

/** Initialisers in the exporter's order: parameters by module, then what folding made. */
function addInitializers(
  graph: Graph,
  naming: Naming,
  { trace, source }: { readonly trace: Trace; readonly source: ParameterSource },
): void {
  for (const [name, dims] of trace.parameters) if (naming.readers.has(name)) graph.setInitializer(name, source.parameter(name, dims));
  for (const { value, parameter } of naming.transposed) {
    const [rows = 0, columns = 0] = trace.parameters.get(parameter) ?? [];
    const name = bareName(value, naming);
    naming.names.set(value, name);
    graph.setInitializer(name, source.transposed(parameter, [rows, columns]));
  }
}

function addNodes(graph: Graph, naming: Naming): void {
  const counts = new Map<string, number>();
  const constants = naming.nodes.filter(({ opType }) => opType === 'Constant').length;
  const { names } = naming;
  const named = (value: TraceValue): string => names.get(value) ?? value;
  naming.nodes.forEach((node, index) => {
    const { opType, scope } = node;
    const name = scope === undefined ? `${opType}_${constants + index}` : scopedName(`${scope}/${opType}`, counts);
    nameOutputs(node, name, naming);
    graph.addNode({ opType, name, inputs: node.inputs.map(named), outputs: node.outputs.map(named), attributes: node.attributes });
  });
}

/** The first of a module's operators of one kind bears no count. */
function scopedName(base: string, counts: Map<string, number>): string {
  const count = counts.get(base) ?? 0;
  counts.set(base, count + 1);
  return count === 0 ? base : `${base}_${count}`;
}

function nameOutputs({ outputs, scope }: TraceNode, name: string, naming: Naming): void {
  outputs.forEach((output, index) => {
    if (naming.names.has(output)) return;
    naming.names.set(output, scope === undefined ? bareName(output, naming) : `${name}_output_${index}`);
  });
}
