import { GroveError } from '../../domain/errors.ts';
import type { Model } from '../graph/model.ts';
import { encodeModel } from '../onnx/write.ts';
import type { InferenceRuntime, Session, ValueMetadata } from '../runtime/inference-runtime.ts';
import type { ElementType, Tensor } from '../runtime/tensor.ts';
import type { Promised } from './pass-samples.cases.ts';

/** Inputs with more elements are not run. */
const MAX_ELEMENTS = 4096;

/** What ONNX Runtime makes of a model. */
export interface Verdict {
  /** Why it does not load; undefined when it does. */
  readonly refusal: string | undefined;
  /** What it computes; undefined when it does not load, cannot be fed, or fails on these inputs. */
  readonly outputs: readonly Tensor[] | undefined;
}

const QUIET = { optimizationLevel: 'disabled', intraOpThreads: 1, quiet: true } as const;

/** Loads a model and runs it once on inputs that follow from their types alone. */
export async function judge(model: Model, runtime: InferenceRuntime): Promise<Verdict> {
  try {
    const session = await runtime.createSession({ model: { bytes: encodeModel(model) }, ep: 'CPUExecutionProvider', settings: QUIET });
    try {
      return { refusal: undefined, outputs: await run(session) };
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof GroveError)) throw error;
    return { refusal: error.message, outputs: undefined };
  }
}

async function run(session: Session): Promise<readonly Tensor[] | undefined> {
  const feeds = feedsFor(session.inputs);
  if (feeds === undefined) return undefined;
  try {
    const outputs = await session.run(Object.fromEntries(session.inputs.map(({ name }, index) => [name, feeds[index]!])));
    return session.outputs.flatMap(({ name }) => outputs[name] ?? []);
  } catch (error) {
    if (!(error instanceof GroveError)) throw error;
    return undefined;
  }
}

/** Inputs of these types, the same for the same types; undefined when one cannot be made. */
export function feedsFor(inputs: readonly ValueMetadata[]): readonly Tensor[] | undefined {
  const feeds = inputs.flatMap(({ dtype, dims }, index) => (dtype === 'other' ? [] : (feed(dtype, dims, index) ?? [])));
  return feeds.length === inputs.length ? feeds : undefined;
}

function feed(dtype: ElementType, dims: ValueMetadata['dims'], seed: number): Tensor | undefined {
  const sizes = dims.map((dim) => (typeof dim === 'number' ? dim : 2));
  const length = sizes.reduce((product, size) => product * size, 1);
  if (!(length >= 0 && length <= MAX_ELEMENTS)) return undefined;
  const at = Array.from({ length }, (_, index) => index + seed);
  switch (dtype) {
    case 'float32':
      return { dtype, dims: sizes, data: Float32Array.from(at, (index) => Math.sin(index * 0.9)) };
    case 'float64':
      return { dtype, dims: sizes, data: Float64Array.from(at, (index) => Math.sin(index * 0.9)) };
    case 'float16':
      return { dtype, dims: sizes, data: Uint16Array.from(at, (index) => 0x3800 + (index % 64)) };
    case 'int64':
      return { dtype, dims: sizes, data: BigInt64Array.from(at, (index) => BigInt(index % 2)) };
    case 'int32':
      return { dtype, dims: sizes, data: Int32Array.from(at, (index) => index % 2) };
    case 'bool':
      return { dtype, dims: sizes, data: Uint8Array.from(at, (index) => index % 2) };
    case 'uint8':
      return { dtype, dims: sizes, data: Uint8Array.from(at, (index) => index % 200) };
    case 'string':
      return { dtype, dims: sizes, data: at.map((index) => `word ${index}`) };
    default:
      return undefined;
  }
}

/** Where two results part, in words; undefined when the promise is kept. */
export function breach(before: readonly Tensor[], after: readonly Tensor[] | undefined, promised: Promised): string | undefined {
  if (promised === 'sound') return undefined;
  if (after === undefined) return 'it no longer runs';
  if (promised === 'runs') return undefined;
  if (after.length !== before.length) return `it gives ${after.length} outputs in place of ${before.length}`;
  const parts = before.flatMap((expected, index) => difference(expected, after[index], promised) ?? []);
  return parts[0];
}

function difference(expected: Tensor, actual: Tensor | undefined, promised: Promised): string | undefined {
  if (actual?.dtype !== expected.dtype) return `${expected.dtype} became ${actual?.dtype}`;
  if (actual.dims.join() !== expected.dims.join()) return `[${expected.dims}] became [${actual.dims}]`;
  const isEqual = promised === 'same' ? Object.is : isClose;
  for (let at = 0; at < expected.data.length; at++) {
    const [was, is] = [expected.data[at], actual.data[at]];
    if (!isEqual(was, is)) return `element ${at} was ${was} and is ${is}`;
  }
  return undefined;
}

function isClose(a: unknown, b: unknown): boolean {
  if (typeof a !== 'number' || typeof b !== 'number' || !Number.isFinite(a) || !Number.isFinite(b)) return Object.is(a, b);
  return Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(a));
}
