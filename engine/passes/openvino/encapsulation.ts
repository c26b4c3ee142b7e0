import { GroveError } from '../../../domain/errors.ts';
import { openVINOEncapsulation as manifest, opsetPairs } from '../../../domain/passes/openvino-encapsulation.ts';
import type { ParamsOf } from '../../../domain/passes/registry.ts';
import { intAttribute, stringAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import { Graph } from '../../graph/graph.ts';
import { createModel, type Model } from '../../graph/model.ts';
import { tensorType, type ValueInfo } from '../../graph/value.ts';
import type { OpenVinoPort } from '../../toolchain/openvino-worker.ts';
import type { EncapsulationPass, OpenVinoContext, OpenVinoModel } from '../pass.ts';

type Params = ParamsOf<'OpenVINOEncapsulation'>;

const { type } = manifest;
const PROVIDER = 'OpenVINOExecutionProvider';

/** Name of the wrapped model beside the ONNX file. */
export const ENCAPSULATED_FILE = 'model.xml';

/** Rows that are run through the result: enough to see that it computes the model, quick on any machine. */
const VERIFIED_ROWS = 8;

const DATA_TYPES: Readonly<Record<string, DataType>> = {
  bf16: DataType.BFLOAT16,
  boolean: DataType.BOOL,
  f16: DataType.FLOAT16,
  f32: DataType.FLOAT,
  f64: DataType.DOUBLE,
  i8: DataType.INT8,
  i16: DataType.INT16,
  i32: DataType.INT32,
  i64: DataType.INT64,
  u8: DataType.UINT8,
  u16: DataType.UINT16,
  u32: DataType.UINT32,
  u64: DataType.UINT64,
};

/** One EPContext node around the model; OpenVINO's CPU device runs it once before, beside the model it was quantised from. */
export const openVINOEncapsulation: EncapsulationPass<Params> = {
  kind: 'encapsulation',
  manifest,
  async run(model, params, context) {
    const { rows, cosine } = await verify(model, context);
    const { description } = model;
    const sdkVersion = params.ov_version ?? description.version;
    const device = params.target_device.toUpperCase();
    return {
      model: wrapped(model, { ...params, sdkVersion, device }),
      modelAttributes: { ...context.modelAttributes, ep: PROVIDER, device, sdk_version: sdkVersion },
      report: { type, counts: { verifiedRows: rows, ...(cosine !== null && { cosine }) }, findings: [] },
    };
  },
};

async function verify({ xmlPath, unquantized }: OpenVinoModel, { worker, progress }: OpenVinoContext) {
  return await worker.call(
    'compare',
    { model: xmlPath, reference: unquantized?.xmlPath ?? null, rows: unquantized?.rows ?? null, count: VERIFIED_ROWS },
    { pass: type, onProgress: progress },
  );
}

function wrapped(
  { description: { inputs, outputs } }: OpenVinoModel,
  {
    sdkVersion,
    device,
    opset_imports: opsets,
    keep_ov_dynamic_dims: keepsOpen,
  }: Params & { readonly sdkVersion: string; readonly device: string },
): Model {
  const graph = new Graph('EP_Context_Model');
  graph.inputs.push(...inputs.map((port, index) => valueInfo(port, keepsOpen ? null : `input_${index}`)));
  graph.outputs.push(...outputs.map((port, index) => valueInfo(port, keepsOpen ? null : `output_${index}`)));
  graph.addNode({
    opType: 'EPContext',
    domain: 'com.microsoft',
    name: 'ContextNode',
    inputs: graph.inputs.map(({ name }) => name),
    outputs: graph.outputs.map(({ name }) => name),
    attributes: {
      embed_mode: intAttribute(0),
      ep_cache_context: stringAttribute(ENCAPSULATED_FILE),
      ep_sdk_version: stringAttribute(sdkVersion),
      main_context: intAttribute(1),
      max_size: intAttribute(0),
      source: stringAttribute(PROVIDER),
      DeviceClass: stringAttribute(device),
    },
  });
  return createModel(graph, { irVersion: 10, opsetImports: opsetPairs(opsets) });
}

/** An open size is called after its place, or left unnamed. */
function valueInfo({ name, type: element, dims }: OpenVinoPort, prefix: string | null): ValueInfo {
  const dataType = DATA_TYPES[element];
  if (dataType === undefined)
    throw new GroveError('pass-failed', { type, problem: `"${name}" is of type ${element}, which ONNX has no name for` });
  if (name === '') throw new GroveError('pass-failed', { type, problem: 'an input or output has no name: put OpenVINOIoUpdate before it' });
  const sizes = dims.map((size, axis) => (size >= 0 ? size : prefix === null ? null : `${prefix}_${axis}`));
  return { name, type: tensorType(dataType, sizes) };
}
