import { median } from '../../domain/statistics.ts';
import { matMulStack } from '../../engine/benchmark/control-model.ts';
import { encodeModel } from '../../engine/onnx/write.ts';
import type { NativeSession } from '../../engine/runtime/ort-native/native-session.ts';
import type { OrtNativeRuntime } from '../../engine/runtime/ort-native/ort-native.ts';
import type { NamedTensors } from '../../engine/runtime/tensor.ts';

const ROWS = 64;
const WIDTH = 256;
/** Products that a size is reckoned from. */
const TRIAL_DEPTH = 16;
const TRIAL_RUNS = 50;

/** A session of a model made to take a given time on this machine, with inputs for it. */
export interface SizedModel {
  readonly session: NativeSession;
  readonly feeds: NamedTensors;
  /** Products in it. */
  readonly depth: number;
}

/** Makes a chain of products as long as it takes to run for about `targetMs` on one thread of this machine. */
export async function sizedModel(runtime: OrtNativeRuntime, targetMs: number): Promise<SizedModel> {
  const trial = await open(runtime, TRIAL_DEPTH);
  const samples = await trial.session.timeRuns(trial.feeds, { minRuns: TRIAL_RUNS, minMs: 0, maxMs: 5_000 });
  await trial.session.close();
  return open(runtime, Math.max(1, Math.round((TRIAL_DEPTH * targetMs) / median(samples))));
}

async function open(runtime: OrtNativeRuntime, depth: number): Promise<SizedModel> {
  const bytes = encodeModel(matMulStack({ depth, rows: ROWS, width: WIDTH }));
  const session = await runtime.createSession({ model: { bytes }, ep: 'CPUExecutionProvider', settings: { intraOpThreads: 1 } });
  const data = Float32Array.from({ length: ROWS * WIDTH }, (_, index) => Math.sin(index));
  return { session, feeds: { x: { dtype: 'float32', dims: [ROWS, WIDTH], data } }, depth };
}
