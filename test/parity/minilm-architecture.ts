import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ParityModel } from '../../bench/parity/models.ts';
import { writeDemoRows, writeSyntheticModel } from '../../cli/demo/synthetic-model.ts';
import { parseSafetensors } from '../../engine/export/safetensors.ts';

/**
 * A checkpoint of the architecture whose big random weights Python makes, from weights that Node makes. The demo's layer normalisations are all ones and
 * zeros, which Olive would merge; here each has values of its own, as the reference's have.
 */
export async function writeMinilmArchitecture(folder: string): Promise<ParityModel> {
  await writeSyntheticModel(folder);
  const path = join(folder, 'model.safetensors');
  const file = new Uint8Array(await readFile(path));
  let next = 1;
  for (const [name, tensor] of parseSafetensors(file, path)) {
    if (!name.includes('LayerNorm')) continue;
    const values = Float32Array.from({ length: tensor.bytes.length / 4 }, () => 1 + (next++ % 9_973) / 100_000);
    file.set(new Uint8Array(values.buffer), tensor.bytes.byteOffset - file.byteOffset);
  }
  await writeFile(path, file);
  const rows = join(folder, 'rows.jsonl');
  await writeDemoRows(rows);
  return { name: 'minilm-l6-random', folder, width: 128, rows };
}
