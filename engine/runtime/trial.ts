import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, makeTensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { encodeModel } from '../onnx/write.ts';
import { EP_DEFINITIONS } from './eps/registry.ts';
import { EXECUTION_PROVIDERS } from './execution-providers.ts';
import { runtimeSpecSchema } from './load-runtime.ts';
import { bundledLibraryPath } from './ort-library.ts';
import { loaderProblem } from './ort-native/loader-problem.ts';
import { OrtError } from './ort-native/ort-api.ts';
import { loadOrtNative } from './ort-native/ort-native.ts';

const classSchema = z.enum(['cpu', 'gpu', 'npu']);

/** What is tried in a process of its own: whether a provider loads, and runs a model of three nodes. */
export const trialRequestSchema = z.strictObject({
  ep: z.enum(EXECUTION_PROVIDERS),
  /** The device to run on. */
  deviceClass: classSchema.exactOptional(),
  runtime: runtimeSpecSchema,
  epOptions: z.record(z.string(), z.string()),
});
export type TrialRequest = z.infer<typeof trialRequestSchema>;

const triedDeviceSchema = z.strictObject({
  class: classSchema,
  vendor: z.string(),
  vendorId: z.int(),
  deviceId: z.int(),
  metadata: z.record(z.string(), z.string()),
  epMetadata: z.record(z.string(), z.string()),
});

/** What came of it. */
export const trialResultSchema = z.strictObject({
  /** Why it does not run here, in the runtime's own words; null when the product ran on it. */
  why: z.string().nullable(),
  ortVersion: z.string(),
  ortLibraryDigest: z.string(),
  /** Devices the provider's plug-in offers; empty for one that is compiled in and names none. */
  devices: z.array(triedDeviceSchema),
});
export type TrialResult = z.infer<typeof trialResultSchema>;

const SIZE = 16;

/**
 * Loads a provider and runs a small product on it. Never throws for a provider that does not run: that is the answer. Throws what loading the
 * runtime library itself throws.
 */
export async function tryProvider({ ep, deviceClass, runtime, epOptions }: TrialRequest): Promise<TrialResult> {
  const native = await loadOrtNative(runtime);
  const { ortVersion, libraryDigest } = await native.info();
  const facts = { ortVersion, ortLibraryDigest: libraryDigest };
  const isQuantized = EP_DEFINITIONS[ep].needs.qdq;
  try {
    const devices = native.epDevices(ep).filter((device) => device.ep === ep);
    const session = await native.createSession({
      ...{ model: { bytes: encodeModel(trialModel(isQuantized)) }, ep, epOptions },
      ...(deviceClass !== undefined && { deviceClass }),
      // A provider that wants Q/DQ may leave those of the graph's inputs and outputs to the CPU, so that of it the product alone is asked.
      settings: { quiet: true, intraOpThreads: 1, config: isQuantized ? {} : { 'session.disable_cpu_ep_fallback': '1' } },
    });
    const isTaken = !isQuantized || session.assignment()?.some((node) => node.ep === ep && node.opType === 'MatMul') !== false;
    await session.run({ x: { dtype: 'float32', dims: [1, SIZE], data: new Float32Array(SIZE).fill(0.5) } });
    await session.close();
    const why = isTaken ? null : `${ep} loads, but left the product of the trial model to another provider`;
    return { ...facts, why, devices: devices.map(({ ep: _, ...device }) => device) };
  } catch (error) {
    if (!(error instanceof GroveError || error instanceof OrtError)) throw error;
    const why = withLoaderWords(reasonOf(error).trim(), { ep, runtime });
    return { ...facts, why, devices: [] };
  }
}

/** The runtime itself seldom says which library the system's loader missed. */
function withLoaderWords(reason: string, { ep, runtime }: Pick<TrialRequest, 'ep' | 'runtime'>): string {
  const words = /cannot open/.test(reason) ? undefined : loaderProblem(ep, runtime.libraryPath ?? bundledLibraryPath());
  return words === undefined ? reason : `${reason}: ${words}`;
}

/** The reason alone: the sentence around it names the provider once more. */
function reasonOf(error: GroveError | OrtError): string {
  if (error instanceof OrtError) return error.message;
  const { params } = error;
  return String(params['why'] ?? params['problem'] ?? error.message);
}

/** `y = x W`, x [1, 16], as float32 or between Quantize and Dequantize nodes of 8 bits. */
function trialModel(isQuantized: boolean): Model {
  const graph = new Graph('trial');
  graph.addInput('x', tensorType(DataType.FLOAT, [1, SIZE]));
  const weights = Int8Array.from({ length: SIZE * SIZE }, (_, index) => (index % 7) - 3);
  if (isQuantized) addQuantized(graph, weights);
  else {
    graph.setInitializer(
      'w',
      float32Tensor(
        [SIZE, SIZE],
        Array.from(weights, (value) => value / 100),
      ),
    );
    graph.addNode({ opType: 'MatMul', name: 'product', inputs: ['x', 'w'], outputs: ['y'] });
  }
  graph.addOutput('y', tensorType(DataType.FLOAT, [1, SIZE]));
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

function addQuantized(graph: Graph, weights: Int8Array): void {
  graph.setInitializer('scale', float32Tensor([], [0.01]));
  graph.setInitializer('activation_zero', makeTensor(DataType.UINT8, [], Uint8Array.of(128)));
  graph.setInitializer('weight_zero', makeTensor(DataType.INT8, [], Int8Array.of(0)));
  graph.setInitializer('w_q', makeTensor(DataType.INT8, [SIZE, SIZE], weights));
  const activation = ['scale', 'activation_zero'];
  graph.addNode({ opType: 'QuantizeLinear', name: 'q_x', inputs: ['x', ...activation], outputs: ['x_q'] });
  graph.addNode({ opType: 'DequantizeLinear', name: 'dq_x', inputs: ['x_q', ...activation], outputs: ['x_dq'] });
  graph.addNode({ opType: 'DequantizeLinear', name: 'dq_w', inputs: ['w_q', 'scale', 'weight_zero'], outputs: ['w'] });
  graph.addNode({ opType: 'MatMul', name: 'product', inputs: ['x_dq', 'w'], outputs: ['p'] });
  graph.addNode({ opType: 'QuantizeLinear', name: 'q_y', inputs: ['p', ...activation], outputs: ['y_q'] });
  graph.addNode({ opType: 'DequantizeLinear', name: 'dq_y', inputs: ['y_q', ...activation], outputs: ['y'] });
}
