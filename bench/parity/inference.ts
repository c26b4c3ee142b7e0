import { type EncodedBatch, loadTokenizer, stackEncodings, type TextInput, type TextTokenizer } from '../../engine/data/tokenizer.ts';
import { DataType } from '../../engine/graph/data-type.ts';
import { toFloat32 } from '../../engine/graph/tensor.ts';
import type { InferenceRuntime, Session } from '../../engine/runtime/inference-runtime.ts';
import { loadOrtNode } from '../../engine/runtime/ort-node.ts';
import { type Tensor, tensorBytes } from '../../engine/runtime/tensor.ts';
import type { ParityModel } from './models.ts';

/** Output 0 of one row, widened to float32. */
export interface RowOutput {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

let loaded: Promise<InferenceRuntime> | undefined;

/** Each text as a batch of one, padded and cut to the model's width. */
export async function encodeRows({ folder, width }: ParityModel, rows: readonly TextInput[]): Promise<readonly EncodedBatch[]> {
  const tokenizer: TextTokenizer = await loadTokenizer(folder);
  const encodings = tokenizer.encode(rows, { padding: 'max_length', truncation: 'longest_first', maxLength: width });
  return encodings.map((encoding) => stackEncodings([encoding]));
}

/** Runs every batch through a model on the CPU provider with ONNX Runtime's defaults. */
export async function infer(modelPath: string, batches: readonly EncodedBatch[]): Promise<readonly RowOutput[]> {
  loaded ??= loadOrtNode();
  const session = await (await loaded).createSession({ model: { path: modelPath }, ep: 'CPUExecutionProvider', settings: { quiet: true } });
  const outputs: RowOutput[] = [];
  for (const batch of batches) outputs.push(await firstOutput(session, batch));
  await session.close();
  return outputs;
}

async function firstOutput(session: Session, batch: EncodedBatch): Promise<RowOutput> {
  const outputs = await session.run(batch);
  const output = outputs[session.outputs[0]?.name ?? ''];
  if (output === undefined) throw new Error('the model has no output');
  return { dims: output.dims, values: widened(output) };
}

function widened(tensor: Tensor): Float32Array {
  const dataType = tensor.dtype === 'float16' ? DataType.FLOAT16 : DataType.FLOAT;
  return toFloat32({ dataType, dims: tensor.dims, bytes: tensorBytes(tensor) });
}
