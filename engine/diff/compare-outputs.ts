import { toGroveError } from '../../domain/errors.ts';
import { feedsFor } from '../benchmark/inputs.ts';
import { floats } from '../quality/output-comparison.ts';
import { OutputSimilarity, type Similarity } from '../quality/similarity.ts';
import type { InferenceRuntime, Session, ValueMetadata } from '../runtime/inference-runtime.ts';
import { type NamedTensors, type Tensor, tensorBytes } from '../runtime/tensor.ts';

const EP = 'CPUExecutionProvider';

/** Two files that answer the same inputs. */
export interface OutputsRequest {
  readonly pathA: string;
  readonly pathB: string;
  readonly runtime: InferenceRuntime;
  /** Inputs for both, by the names of the first model; asked once it is known what both take. */
  inputs(joint: readonly ValueMetadata[]): AsyncIterable<NamedTensors>;
}

/** One output of both models, by position. */
export interface OutputDifference {
  readonly a: string;
  readonly b: string;
  /** Bit for bit, for every input. */
  readonly equal: boolean;
  /** Of the second against the first, both widened to float32; null for values that are no floats. */
  readonly similarity: Similarity | null;
  /** Why it was not compared; empty when it was. */
  readonly why: string;
}

/** How the answers of two models differ. */
export type OutputsDifference =
  | { readonly state: 'compared'; readonly rows: number; readonly outputs: readonly OutputDifference[] }
  | { readonly state: 'not-compared'; readonly why: string };

/** Runs both models on the same inputs on the CPU and compares their outputs by position. Never throws for what a model cannot do: it is told. */
export async function compareOutputs(request: OutputsRequest): Promise<OutputsDifference> {
  const sessions: Session[] = [];
  try {
    for (const path of [request.pathA, request.pathB]) sessions.push(await request.runtime.createSession({ model: { path }, ep: EP }));
    const [a, b] = sessions;
    if (a === undefined || b === undefined) return { state: 'not-compared', why: 'a session is missing' };
    return await compareSessions(a, b, request);
  } catch (error) {
    return { state: 'not-compared', why: toGroveError(error).message };
  } finally {
    for (const session of sessions) await session.close();
  }
}

async function compareSessions(a: Session, b: Session, request: OutputsRequest): Promise<OutputsDifference> {
  const joint = jointInputs(a.inputs, b.inputs);
  if (typeof joint === 'string') return { state: 'not-compared', why: joint };
  const count = Math.min(a.outputs.length, b.outputs.length);
  const pairs = Array.from({ length: count }, (_, index) => new PairedOutput(a.outputs[index], b.outputs[index]));
  let rows = 0;
  for await (const inputs of request.inputs(joint.values)) {
    const answersA = await a.run(feedsFor(a.inputs, inputs, EP));
    const answersB = await b.run(feedsFor(b.inputs, renamed(inputs, joint.namesInB), EP));
    for (const pair of pairs) pair.add(answersA, answersB);
    rows += 1;
  }
  if (rows === 0) return { state: 'not-compared', why: 'there were no rows' };
  const lonely = [
    ...a.outputs.slice(count).map(({ name }) => lonelyOutput(name, '')),
    ...b.outputs.slice(count).map(({ name }) => lonelyOutput('', name)),
  ];
  return { state: 'compared', rows, outputs: [...pairs.map((pair) => pair.finish()), ...lonely] };
}

function lonelyOutput(a: string, b: string): OutputDifference {
  return { a, b, equal: false, similarity: null, why: 'the other model has no such output' };
}

interface JointInputs {
  /** What both take, by the names of the first: sizes that one of them fixes are fixed. */
  readonly values: readonly ValueMetadata[];
  readonly namesInB: ReadonlyMap<string, string>;
}

/** Inputs pair up by name where both have the same names, by position otherwise. A text says why nothing can be fed to both. */
function jointInputs(a: readonly ValueMetadata[], b: readonly ValueMetadata[]): JointInputs | string {
  if (a.length !== b.length) return `the first model has ${a.length} inputs, the second ${b.length}`;
  const isSameNames = a.every(({ name }) => b.some((other) => other.name === name));
  const values: ValueMetadata[] = [];
  const namesInB = new Map<string, string>();
  for (const [index, input] of a.entries()) {
    const other = isSameNames ? b.find(({ name }) => name === input.name) : b[index];
    const dims = other === undefined ? undefined : jointDims(input.dims, other.dims);
    if (other === undefined || dims === undefined)
      return `input "${input.name}" has shapes that no tensor fits: ${shape(input)} and ${shape(other)}`;
    values.push({ ...input, dims });
    namesInB.set(input.name, other.name);
  }
  return { values, namesInB };
}

function jointDims(a: ValueMetadata['dims'], b: ValueMetadata['dims']): ValueMetadata['dims'] | undefined {
  if (a.length !== b.length) return undefined;
  const dims = a.map((dim, axis) => (typeof dim === 'number' ? dim : (b[axis] ?? dim)));
  const conflict = dims.some((dim, axis) => typeof b[axis] === 'number' && b[axis] !== dim);
  return conflict ? undefined : dims;
}

function shape(value: ValueMetadata | undefined): string {
  return `[${value?.dims.map((dim) => dim ?? '?').join(', ') ?? ''}]`;
}

function renamed(inputs: NamedTensors, names: ReadonlyMap<string, string>): NamedTensors {
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [names.get(name) ?? name, tensor]));
}

/** One output of both models over all inputs. */
class PairedOutput {
  readonly #nameA: string;
  readonly #nameB: string;
  readonly #similarity = new OutputSimilarity();
  #equal = true;
  #why = '';

  constructor(a: ValueMetadata | undefined, b: ValueMetadata | undefined) {
    this.#nameA = a?.name ?? '';
    this.#nameB = b?.name ?? '';
  }

  add(answersA: NamedTensors, answersB: NamedTensors): void {
    const [a, b] = [answersA[this.#nameA], answersB[this.#nameB]];
    if (a === undefined || b === undefined || this.#why !== '') return;
    if (a.dims.join() !== b.dims.join()) {
      this.#why = `shapes differ: [${a.dims.join(', ')}] and [${b.dims.join(', ')}]`;
      return;
    }
    this.#equal &&= isEqual(a, b);
    const [expected, actual] = [floats(a), floats(b)];
    if (expected === undefined || actual === undefined || actual.length === 0) return;
    this.#similarity.add({ dims: a.dims, actual, expected, mask: undefined });
  }

  finish(): OutputDifference {
    const similarity = this.#why === '' && this.#similarity.rows > 0 ? this.#similarity.finish() : null;
    return { a: this.#nameA, b: this.#nameB, equal: this.#equal && this.#why === '', similarity, why: this.#why };
  }
}

function isEqual(a: Tensor, b: Tensor): boolean {
  if (a.dtype !== b.dtype) return false;
  if (a.dtype === 'string' || b.dtype === 'string')
    return a.data.length === b.data.length && a.data.every((text, index) => text === b.data[index]);
  return Buffer.compare(tensorBytes(a), tensorBytes(b)) === 0;
}
