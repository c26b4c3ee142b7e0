import { GroveError } from '../../domain/errors.ts';
import { dynamicToFixedShape as manifest } from '../../domain/passes/dynamic-to-fixed-shape.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import type { Graph } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import { allGraphs } from '../graph/topology.ts';
import type { Dim, ValueInfo } from '../graph/value.ts';
import { inferTypes } from '../runtime/type-oracle.ts';
import type { GraphPass, PassContext, PassFinding } from './pass.ts';

/** Replaces symbolic dimensions by numbers. The shape arithmetic inside the graph stays: later passes and the session fold it. */
export const dynamicToFixedShape: GraphPass<ParamsOf<'DynamicToFixedShape'>> = {
  kind: 'graph',
  manifest,
  async run(model, params, context) {
    const sizes = (params.dim_param?.length ?? 0) > 0 ? sizesFromNames(params) : sizesFromShapes(model.graph, params);
    const dimensionsFixed = fixDimensions(model.graph, sizes);
    const outputsFixed = await copyOutputShapes(model, context);
    const missing = [...sizes.keys()].filter((name) => !sizes.used.has(name));
    const findings = missing.map(
      (name): PassFinding => ({
        rule: 'dimension-matches-nothing',
        message: `no input, output or value has a dimension "${name}"`,
        param: 'dim_param',
      }),
    );
    const open = model.graph.outputs.filter(({ type }) => type?.kind === 'tensor' && !isFixed(type.dims));
    const left = open.map(({ name }) => ({
      what: `output ${name}`,
      count: 1,
      why: 'its shape still depends on a dimension without a number',
    }));
    return { model, report: { type: manifest.type, counts: { dimensionsFixed, outputsFixed }, findings, left } };
  },
};

/** Sizes by symbolic name; remembers which names were met. */
class SymbolSizes extends Map<string, number> {
  readonly used = new Set<string>();

  sizeOf(dim: Dim): number | undefined {
    const size = typeof dim === 'string' ? this.get(dim) : undefined;
    if (size !== undefined) this.used.add(String(dim));
    return size;
  }
}

function sizesFromNames({ dim_param, dim_value }: ParamsOf<'DynamicToFixedShape'>): SymbolSizes {
  const sizes = new SymbolSizes();
  // Once replaced, a name is not there to be replaced again: of two values the first counts.
  for (const [index, name] of (dim_param ?? []).entries()) if (!sizes.has(name)) sizes.set(name, dim_value?.[index] ?? 0);
  return sizes;
}

/** Gives the named inputs their shapes and returns what their symbols thereby become everywhere else. */
function sizesFromShapes(graph: Graph, { input_name, input_shape }: ParamsOf<'DynamicToFixedShape'>): SymbolSizes {
  const sizes = new SymbolSizes();
  forgetImpossibleSizes(graph);
  input_name?.forEach((name, index) => {
    const shape = input_shape?.[index] ?? [];
    for (const [symbol, size] of symbolsOf(graph, name, shape)) {
      const earlier = sizes.get(symbol);
      if (earlier !== undefined && earlier !== size) throw failed(`dimension "${symbol}" would be both ${earlier} and ${size}`);
      sizes.set(symbol, size);
    }
  });
  return sizes;
}

/** Some converters write 0 or -1 for a size they do not know. */
function forgetImpossibleSizes(main: Graph): void {
  for (const info of infosOf(main)) {
    if (info.type?.kind !== 'tensor' || !info.type.dims?.some(isImpossible)) continue;
    info.type = { ...info.type, dims: info.type.dims.map((dim) => (isImpossible(dim) ? null : dim)) };
  }
}

function isImpossible(dim: Dim): boolean {
  return typeof dim === 'number' && dim < 1;
}

/** Replaces one input's shape; the pairs are its symbolic dimensions with their sizes. */
function symbolsOf(graph: Graph, name: string, shape: readonly number[]): readonly (readonly [string, number])[] {
  const input = graph.inputs.find((candidate) => candidate.name === name);
  if (input === undefined) throw failed(`the model has no input "${name}"`);
  if (input.type?.kind !== 'tensor') throw failed(`input "${name}" is not a tensor`);
  const dims = input.type.dims ?? shape.map(() => null);
  if (dims.length !== shape.length) throw failed(`input "${name}" has rank ${dims.length}, the given shape rank ${shape.length}`);
  const symbols = dims.flatMap((dim, axis): (readonly [string, number])[] => {
    const size = shape[axis] ?? 0;
    if (typeof dim === 'number' && dim !== size) throw failed(`input "${name}" has ${dim} on axis ${axis}, the given shape ${size}`);
    return typeof dim === 'string' ? [[dim, size]] : [];
  });
  // Unnamed unknown dimensions have no other uses; the named ones are replaced with all their uses.
  input.type = { ...input.type, dims: dims.map((dim, axis) => dim ?? shape[axis] ?? null) };
  return symbols;
}

function fixDimensions(main: Graph, sizes: SymbolSizes): number {
  let fixed = 0;
  for (const info of infosOf(main)) fixed += fixValue(info, sizes);
  return fixed;
}

/** What is declared of values, bodies included. */
function* infosOf(main: Graph): Generator<ValueInfo> {
  for (const graph of allGraphs(main)) yield* [...graph.inputs, ...graph.outputs, ...graph.valueInfo.values()];
}

function fixValue(info: ValueInfo, sizes: SymbolSizes): number {
  if (info.type?.kind !== 'tensor' || info.type.dims === undefined) return 0;
  let fixed = 0;
  const dims = info.type.dims.map((dim) => {
    const size = sizes.sizeOf(dim);
    if (size !== undefined) fixed++;
    return size ?? dim;
  });
  if (fixed > 0) info.type = { ...info.type, dims };
  return fixed;
}

/** An output takes its inferred shape only when every dimension is a number; a half-known one would replace names by nothing. */
async function copyOutputShapes(model: Model, { runtime }: PassContext): Promise<number> {
  const open = model.graph.outputs.filter(({ type }) => type?.kind === 'tensor' && !isFixed(type.dims));
  if (open.length === 0) return 0;
  const types = await inferTypes(model, runtime, { foldConstants: true, values: open.map(({ name }) => name), tellScalars: false });
  let copied = 0;
  for (const output of open) {
    const inferred = types.get(output.name)?.dims;
    if (output.type?.kind !== 'tensor' || !isFixed(inferred)) continue;
    output.type = { ...output.type, dims: inferred };
    copied++;
  }
  return copied;
}

/** A size of zero is none that was fixed on purpose. */
function isFixed(dims: readonly Dim[] | undefined): dims is readonly number[] {
  return dims?.every((dim) => typeof dim === 'number' && dim > 0) ?? false;
}

function failed(problem: string): GroveError {
  return new GroveError('pass-failed', { type: manifest.type, problem });
}
