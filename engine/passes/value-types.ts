import { GroveError } from '../../domain/errors.ts';
import type { DataType } from '../graph/data-type.ts';
import type { Graph } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import { allGraphs, capturedBy } from '../graph/topology.ts';
import { tensorType } from '../graph/value.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { inferTypes } from '../runtime/type-oracle.ts';

/** Element types of values, by the graph that defines them: bodies beside each other may use one name for two values. */
export class ValueTypes {
  readonly #types = new Map<Graph, Map<string, DataType>>();

  /** The type of a value as seen from `graph`, which may have it from an enclosing graph; undefined when it is not known. */
  get(graph: Graph, value: string): DataType | undefined {
    for (let home: Graph | undefined = graph; home !== undefined; home = home.owner?.graph) {
      const type = this.#types.get(home)?.get(value);
      if (type !== undefined) return type;
    }
    return undefined;
  }

  /** Notes the type of a value that `graph` itself defines. */
  set(graph: Graph, value: string, type: DataType): void {
    const types = this.#types.get(graph) ?? new Map<string, DataType>();
    types.set(value, type);
    this.#types.set(graph, types);
  }

  /** What is known of the values that `graph` itself defines. */
  of(graph: Graph): ReadonlyMap<string, DataType> {
    return this.#types.get(graph) ?? new Map();
  }
}

/** Element types of all values whose type is known, bodies of nodes included. Throws what the type oracle throws for the main graph. */
export async function inferValueTypes(model: Model, runtime: InferenceRuntime): Promise<ValueTypes> {
  const types = new ValueTypes();
  for (const graph of allGraphs(model.graph)) {
    const inferred = graph === model.graph ? await inferElementTypes(model, runtime) : await inferBody(model, graph, { types, runtime });
    for (const [value, type] of inferred) types.set(graph, value, type);
    addDeclared(types, graph);
  }
  return types;
}

async function inferElementTypes(model: Model, runtime: InferenceRuntime): Promise<ReadonlyMap<string, DataType>> {
  const inferred = await inferTypes(model, runtime, { tellScalars: false });
  return new Map([...inferred].map(([value, { dataType }]) => [value, dataType]));
}

interface Known {
  readonly types: ValueTypes;
  readonly runtime: InferenceRuntime;
}

/** A body is asked about as a model of its own, which what it reads from outside enters as inputs. One that cannot stand alone tells what it declares. */
async function inferBody(model: Model, body: Graph, { types, runtime }: Known): Promise<ReadonlyMap<string, DataType>> {
  const ownInputs = body.inputs.length;
  for (const name of capturedBy(body)) {
    const type = types.get(body, name);
    body.inputs.push({ name, type: type === undefined ? undefined : tensorType(type, undefined) });
  }
  try {
    return await inferElementTypes({ ...model, graph: body }, runtime);
  } catch (error) {
    if (!(error instanceof GroveError)) throw error;
    return new Map();
  } finally {
    body.inputs.length = ownInputs;
  }
}

function addDeclared(types: ValueTypes, graph: Graph): void {
  // Inputs and outputs first: records of other values may be stale.
  for (const { name, type } of [...graph.inputs, ...graph.outputs, ...graph.valueInfo.values()]) {
    if (type?.kind === 'tensor' && graph.defines(name) && !types.of(graph).has(name)) types.set(graph, name, type.dataType);
  }
  for (const [name, tensor] of graph.initializers) types.set(graph, name, tensor.dataType);
}
