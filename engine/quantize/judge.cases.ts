import { floatsFromHalves, halvesFromFloats } from '../graph/half.ts';
import type { Model } from '../graph/model.ts';
import { runOnce, runtime } from '../passes/passes.cases.ts';
import type { ValueMetadata } from '../runtime/inference-runtime.ts';
import type { NamedTensors, Tensor } from '../runtime/tensor.ts';
import { calibrate } from './calibrate.ts';
import { calibrationTensors } from './calibration-tensors.ts';
import { quantizeModel } from './quantize-model.ts';
import type { TensorRange } from './range.ts';
import type { QuantizeReport } from './report.ts';
import type { QdqSettings } from './settings.ts';

/** What ONNX Runtime says of a quantised model. */
interface Judgement {
  readonly report: QuantizeReport;
  /** By float output: root mean square of the difference to the float model over that of the float output. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Calibrates on `feeds`, quantises the model in place and runs it, optimised as by default, before and after. */
export async function judge(model: Model, settings: QdqSettings, feeds: NamedTensors): Promise<Judgement> {
  const { outputs: before } = await runOnce(model, feeds);
  const report = quantizeModel(model, await observe(model, settings, feeds), settings);
  const { outputs: after } = await runOnce(model, feeds);
  const floats = Object.keys(before).filter((name) => floatsOf(before[name]).length > 0);
  const errors = floats.map((name) => [name, relativeError(floatsOf(before[name]), floatsOf(after[name]))]);
  return { report, errors: Object.fromEntries(errors) };
}

/** Ranges of what the settings need, on one batch. */
export async function observe(model: Model, settings: QdqSettings, feeds: NamedTensors): Promise<ReadonlyMap<string, TensorRange>> {
  async function* once(): AsyncGenerator<NamedTensors> {
    yield feeds;
  }
  const tensors = calibrationTensors(model, settings);
  const signal = new AbortController().signal;
  return calibrate({ model, tensors, batches: once(), method: 'min-max', runtime: await runtime(), signal });
}

/** Seeded values for every input of a model: floats about zero, integers and bools of 0 and 1. */
export function feedsOf(inputs: readonly ValueMetadata[]): NamedTensors {
  return Object.fromEntries(inputs.map(({ name, dtype, dims }, seed) => [name, inputTensor(dtype, dims, seed)]));
}

function inputTensor(dtype: ValueMetadata['dtype'], written: ValueMetadata['dims'], seed: number): Tensor {
  const dims = written.map((dim) => (typeof dim === 'number' ? dim : 2));
  const count = dims.reduce((product, dim) => product * dim, 1);
  const values = Float32Array.from({ length: count }, (_, i) => 2 * Math.sin(12.9898 * (i + 1) + 78.233 * (seed + 1)));
  switch (dtype) {
    case 'float32':
      return { dtype, dims, data: values };
    case 'float16':
      return { dtype, dims, data: halvesFromFloats(values) };
    case 'int64':
      return { dtype, dims, data: BigInt64Array.from(values, (value) => (value > 0 ? 1n : 0n)) };
    case 'bool':
      return { dtype, dims, data: Uint8Array.from(values, (value) => (value > 0 ? 1 : 0)) };
    default:
      throw new RangeError(`no test has ${dtype} inputs`);
  }
}

/** Elements of a float tensor; none of any other. */
function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor?.dtype === 'float32') return tensor.data;
  return tensor?.dtype === 'float16' ? floatsFromHalves(tensor.data) : new Float32Array();
}

function relativeError(before: Float32Array, after: Float32Array): number {
  const square = (sum: number, value: number): number => sum + value * value;
  const difference = before.map((value, i) => value - (after[i] ?? Number.NaN));
  return Math.sqrt(difference.reduce(square, 0) / Math.max(before.reduce(square, 0), Number.MIN_VALUE));
}
