import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataType } from '../graph/data-type.ts';
import type { Tensor } from '../graph/tensor.ts';
import { parseSafetensors } from './safetensors.ts';

/** The checked-in tiny cross-encoder. */
export const TINY_BERT = fileURLToPath(new URL('../../test/fixtures/tiny-bert', import.meta.url));

const DTYPES: ReadonlyMap<number, string> = new Map([
  [DataType.FLOAT, 'F32'],
  [DataType.FLOAT16, 'F16'],
  [DataType.BFLOAT16, 'BF16'],
  [DataType.DOUBLE, 'F64'],
  [DataType.INT64, 'I64'],
  [DataType.UINT8, 'U8'],
]);

/** A safetensors file from a header text and its data, whatever they say. */
export function rawSafetensors(header: string, data: Uint8Array = new Uint8Array(0), declaredBytes?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, declaredBytes ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

/** A well-formed safetensors file. */
export function safetensorsOf(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  // A list of members: to assign to `__proto__` would make none.
  const header: [string, unknown][] = [['__metadata__', { format: 'pt' }]];
  let end = 0;
  for (const [name, tensor] of tensors) {
    header.push([name, { dtype: DTYPES.get(tensor.dataType), shape: tensor.dims, data_offsets: [end, end + tensor.bytes.length] }]);
    end += tensor.bytes.length;
  }
  const data = new Uint8Array(end);
  let offset = 0;
  for (const tensor of tensors.values()) {
    data.set(tensor.bytes, offset);
    offset += tensor.bytes.length;
  }
  return rawSafetensors(JSON.stringify(Object.fromEntries(header)), data);
}

/** The tiny checkpoint's tensors. */
export async function tinyTensors(): Promise<Map<string, Tensor>> {
  return parseSafetensors(new Uint8Array(await readFile(join(TINY_BERT, 'model.safetensors'))), 'model.safetensors');
}

/** Writes a checkpoint folder: the tiny configuration with `config` over it, and the given weights. */
export async function writeCheckpoint(folder: string, tensors: ReadonlyMap<string, Tensor>, config: object = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  const base: object = JSON.parse(await readFile(join(TINY_BERT, 'config.json'), 'utf8'));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...base, ...config }));
  await writeFile(join(folder, 'model.safetensors'), safetensorsOf(tensors));
}
