import { GroveError } from '../../domain/errors.ts';
import { feedsFor } from '../benchmark/inputs.ts';
import { floatsFromHalves, halvesFromFloats } from '../graph/half.ts';
import type { Model } from '../graph/model.ts';
import type { InferenceRuntime, Session } from '../runtime/inference-runtime.ts';
import { type ScratchModels, withScratch } from '../runtime/scratch-models.ts';
import { type NamedTensors, tensorBytes } from '../runtime/tensor.ts';
import { augment, type Observed } from './calibrate-augment.ts';
import { type CalibrationMethod, createCollector, type RangeCollector } from './calibrate-collect.ts';
import type { TensorRange } from './range.ts';

const CPU = 'CPUExecutionProvider';
/** Threads that spin while they wait for each other take the processor from whatever else runs: twice the CPU time on a busy machine. */
const SETTINGS = { optimizationLevel: 'disabled', quiet: true, config: { 'session.intra_op.allow_spinning': '0' } } as const;

/** What calibration is given. */
export interface CalibrationRequest {
  /** Comes back as it was, except that its nodes may have been sorted. Nobody else may change it meanwhile. */
  readonly model: Model;
  /** Float32 or float16 values of the main graph to observe; their types are recorded in the graph. Names that it does not define are left out. */
  readonly tensors: readonly string[];
  /** Inputs of the model by name, and whatever else a tokenizer makes. */
  readonly batches: AsyncIterable<NamedTensors>;
  readonly method: CalibrationMethod;
  /** Widens every range to be symmetric about zero; default false. */
  readonly symmetric?: boolean;
  readonly runtime: InferenceRuntime;
  /** Where to write the model; absent: a folder of its own. */
  readonly scratch?: ScratchModels | undefined;
  readonly signal: AbortSignal;
  /** Told how many batches have been seen. */
  onBatch?(count: number): void;
}

/**
 * Runs the model over the batches on the CPU provider, unoptimised as Olive runs it, and returns the range of every observed value that was ever more
 * than an empty tensor. Only two numbers a value leave the runtime, so that neither memory nor time depends on the size of activations kept.
 *
 * Throws `pass-failed` when there is no batch, `inference-failed` when one does not fit the model, `session-failed` or `invalid-onnx` when ONNX
 * Runtime does not accept the model.
 */
export async function calibrate(request: CalibrationRequest): Promise<ReadonlyMap<string, TensorRange>> {
  const augmented = augment(request.model, request.tensors);
  try {
    if (augmented.observed.length === 0) return new Map();
    return await withScratch(request.scratch, async (scratch) => {
      const { modelPath: path } = await scratch.write(request.model);
      const session = await request.runtime.createSession({ model: { path }, ep: CPU, settings: SETTINGS });
      try {
        const collector = createCollector(request.method, augmented.observed.length);
        await collect(session, collector, request);
        return rangesOf(augmented.observed, collector.compute(request.symmetric ?? false));
      } finally {
        await session.close();
      }
    });
  } finally {
    augmented.restore();
  }
}

/** Feeds batch after batch. One that equals its predecessor is not run again: data sets of pairs repeat their first sentences. */
async function collect(session: Session, collector: RangeCollector, { batches, signal, onBatch }: CalibrationRequest): Promise<void> {
  let count = 0;
  let last: { readonly feeds: NamedTensors; readonly extremes: Float32Array } | undefined;
  for await (const batch of batches) {
    signal.throwIfAborted();
    const feeds = feedsFor(session.inputs, batch, CPU);
    if (last === undefined || !areEqual(feeds, last.feeds)) last = { feeds, extremes: await extremesOf(session, feeds) };
    collector.collect(last.extremes);
    count += 1;
    onBatch?.(count);
  }
  if (count === 0) throw new GroveError('pass-failed', { type: 'calibration', problem: 'its data has no batch' });
}

async function extremesOf(session: Session, feeds: NamedTensors): Promise<Float32Array> {
  const [output] = Object.values(await session.run(feeds));
  if (output?.dtype === 'float32') return output.data;
  throw new GroveError('internal', { problem: `observed values arrived as ${output?.dtype ?? 'nothing'}` });
}

function areEqual(a: NamedTensors, b: NamedTensors): boolean {
  return Object.entries(a).every(([name, tensor]) => {
    const other = b[name];
    if (other === undefined || tensor.dtype === 'string' || other.dtype === 'string') return false;
    if (tensor.dtype !== other.dtype || tensor.dims.join() !== other.dims.join()) return false;
    return Buffer.compare(tensorBytes(tensor), tensorBytes(other)) === 0;
  });
}

function rangesOf(observed: readonly Observed[], extremes: readonly (TensorRange | undefined)[]): ReadonlyMap<string, TensorRange> {
  return new Map(
    observed.flatMap(({ tensors, isHalf }, index) => {
      const range = extremes[index];
      if (range === undefined) return [];
      const stored = isHalf ? inHalf(range) : range;
      return tensors.map((tensor) => [tensor, stored] as const);
    }),
  );
}

/** A mean of float16 values need not be one. */
function inHalf({ min, max }: TensorRange): TensorRange {
  const [low = Number.NaN, high = Number.NaN] = floatsFromHalves(halvesFromFloats(Float32Array.of(min, max)));
  return { min: low, max: high };
}
