import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The checked-in random BERT: 64 positions, 192 tokens. */
const TINY_BERT = join(import.meta.dirname, '../fixtures/tiny-bert');
const FILES = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];

/** Embeddings that grow, and how often their rows are repeated: the catalogue's recipes take 128 positions, generated inputs 1,000 tokens. */
const REPEATED = { 'bert.embeddings.position_embeddings.weight': 2, 'bert.embeddings.word_embeddings.weight': 6 };

interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
}

/**
 * Writes the tiny BERT with 128 positions and 1,152 tokens.
 *
 * @param folder created when missing.
 */
export async function writeCheckpoint(folder: string): Promise<string> {
  for (const name of FILES) await cp(join(TINY_BERT, name), join(folder, name));
  const config: object = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 128, vocab_size: 1_152 }));
  const weights = join(folder, 'model.safetensors');
  const tensors = readTensors(await readFile(weights));
  for (const [name, times] of Object.entries(REPEATED)) {
    const { dtype, shape, bytes } = tensors.get(name)!;
    const [rows = 0, columns = 0] = shape;
    tensors.set(name, { dtype, shape: [rows * times, columns], bytes: Buffer.concat(Array.from({ length: times }, () => bytes)) });
  }
  await writeFile(weights, safetensors(tensors));
  return folder;
}

/** Length of the header, header as JSON, tensors: the safetensors format. */
function readTensors(file: Buffer): Map<string, Tensor> {
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    file.subarray(8, start).toString('utf8'),
  );
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return new Map(
    entries.map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        return [name, { dtype, shape, bytes: file.subarray(start + begin, start + end) }];
      },
    ),
  );
}

function safetensors(tensors: ReadonlyMap<string, Tensor>): Buffer {
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  return Buffer.concat([safetensorsHeader(header), ...[...tensors.values()].map(({ bytes }) => bytes)]);
}

/** The front of a safetensors file, whatever the header claims. */
export function safetensorsHeader(header: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text]);
}
