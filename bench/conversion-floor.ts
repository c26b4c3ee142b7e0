import { readFile, writeFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/**
 * What any conversion on Node must at least do, as a process of its own: read the checkpoint, touch every weight, open one session, run it ten times,
 * write a result of half the size.
 *
 *   node conversion-floor.js CHECKPOINT.safetensors MODEL.onnx RESULT
 */

const INFERENCES = 10;
const SHAPE = [1, 128];

function halves(checkpoint: Buffer): Uint8Array {
  const headerBytes = 8 + Number(checkpoint.readBigUInt64LE(0));
  const weights = new Uint32Array(checkpoint.buffer, checkpoint.byteOffset + headerBytes, (checkpoint.length - headerBytes) / 4);
  const result = new Uint16Array(weights.length);
  for (let index = 0; index < weights.length; index++) result[index] = (weights[index] ?? 0) >>> 16;
  return new Uint8Array(result.buffer);
}

async function infer(modelPath: string): Promise<void> {
  const session = await InferenceSession.create(modelPath);
  const values = new BigInt64Array(SHAPE.reduce((product, size) => product * size, 1)).fill(1n);
  const feeds = Object.fromEntries(session.inputNames.map((name) => [name, new Tensor('int64', values, SHAPE)]));
  for (let run = 0; run < INFERENCES; run++) await session.run(feeds);
  await session.release();
}

const [checkpointPath = '', modelPath = '', resultPath = ''] = process.argv.slice(2);
const result = halves(await readFile(checkpointPath));
await infer(modelPath);
await writeFile(resultPath, result);
