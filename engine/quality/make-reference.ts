import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { feedsFor, generateFeeds, inputsSpecSchema } from '../benchmark/inputs.ts';
import { evaluateDataConfig } from '../data/data-config.ts';
import { dataConfigSchema } from '../data/data-config-schema.ts';
import { loadTokenizer } from '../data/tokenizer.ts';
import type { InferenceRuntime, Session } from '../runtime/inference-runtime.ts';
import type { NamedTensors, TensorOf } from '../runtime/tensor.ts';
import { floats } from './output-comparison.ts';
import { type ReferenceBatch, type ReferenceManifest, writeReference } from './reference.ts';

const CPU = 'CPUExecutionProvider';

/** What making a Reference is asked to do. */
export const referenceRequestSchema = z.strictObject({
  /** The fp32 export, before any later pass. */
  modelPath: z.string().min(1),
  inputs: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('data'),
      config: dataConfigSchema,
      /** Absolute path of the rows; not needed by DummyDataContainer. */
      file: z.string().min(1).exactOptional(),
      /** Replace the config's input columns. */
      columns: z.array(z.string()).min(1).max(2).exactOptional(),
      /** Folder of the model's tokenizer files. */
      tokenizerFolder: z.string().min(1).exactOptional(),
    }),
    /** For recipes whose evaluator names no data: one seeded batch. */
    inputsSpecSchema.options[1],
  ]),
  /** Batches used at most: outputs of a text encoder take about 200 kB a row. */
  maxBatches: z.int().min(1).max(100_000).default(256),
  /** Existing empty folder that receives the Reference. */
  outputFolder: z.string().min(1),
});
export type ReferenceRequest = z.infer<typeof referenceRequestSchema>;

/**
 * Runs the fp32 export on the CPU provider over the evaluation inputs and writes what it answers as a Reference. Only inputs the model has are kept.
 * Throws what evaluating the data config and running the model throws, `unsupported-input` for a model without a float output first, and `too-large`.
 */
export async function makeReference(request: ReferenceRequest, runtime: InferenceRuntime): Promise<ReferenceManifest> {
  const session = await runtime.createSession({ model: { path: request.modelPath }, ep: CPU });
  try {
    const { ortVersion } = await runtime.info();
    const batches = inputBatches(request, session);
    const header = { ortVersion, inputNames: session.inputs.map(({ name }) => name), outputNames: comparableOutputs(session) };
    return await writeReference(request.outputFolder, header, answers(session, batches, header.outputNames));
  } finally {
    await session.close();
  }
}

async function* inputBatches({ inputs, maxBatches }: ReferenceRequest, session: Session): AsyncGenerator<NamedTensors> {
  if (inputs.kind === 'generated') return yield generateFeeds(session.inputs, inputs);
  const { config, file, columns, tokenizerFolder } = inputs;
  const tokenizer = tokenizerFolder === undefined ? undefined : await loadTokenizer(tokenizerFolder);
  let batchCount = 0;
  for await (const batch of evaluateDataConfig({
    config,
    ...(file && { file }),
    ...(columns && { columns }),
    ...(tokenizer && { tokenizer }),
  })) {
    yield feedsFor(session.inputs, batch, CPU);
    batchCount += 1;
    if (batchCount >= maxBatches) return;
  }
}

/** The leading floating-point outputs: what follows an integer output could not be compared by position. */
function comparableOutputs(session: Session): string[] {
  const firstOther = session.outputs.findIndex(({ dtype }) => dtype !== 'float32' && dtype !== 'float64' && dtype !== 'float16');
  const outputs = firstOther === -1 ? session.outputs : session.outputs.slice(0, firstOther);
  if (outputs.length === 0)
    throw new GroveError('unsupported-input', {
      problem: 'its first output holds no floating-point values, so it cannot serve as a reference',
    });
  return outputs.map(({ name }) => name);
}

async function* answers(
  session: Session,
  batches: AsyncIterable<NamedTensors>,
  outputNames: readonly string[],
): AsyncGenerator<ReferenceBatch> {
  for await (const inputs of batches) {
    const outputs = await session.run(inputs);
    yield { rows: rowsOf(inputs), inputs, outputs: outputNames.map((name) => widen(outputs, name)) };
  }
}

function widen(outputs: NamedTensors, name: string): TensorOf<'float32'> {
  const tensor = outputs[name];
  const data = tensor && floats(tensor);
  if (tensor === undefined || data === undefined)
    throw new GroveError('inference-failed', { ep: CPU, problem: `output "${name}" is missing` });
  return { dtype: 'float32', dims: tensor.dims, data };
}

/** Rows of one batch: the first axis of its first input. */
function rowsOf(inputs: NamedTensors): number {
  return Math.max(1, Object.values(inputs)[0]?.dims[0] ?? 1);
}
