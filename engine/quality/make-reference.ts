import { z } from 'zod';
import { dataColumnsShape } from '../../domain/data-columns.ts';
import { GroveError } from '../../domain/errors.ts';
import type { DataConfig } from '../../domain/recipe/recipe.ts';
import { feedsFor, generateFeeds, inputsSpecSchema } from '../benchmark/inputs.ts';
import { evaluateLabelled } from '../data/data-config.ts';
import { dataConfigSchema } from '../data/data-config-schema.ts';
import { loadTokenizer } from '../data/tokenizer.ts';
import { lowPrecisionOf } from '../inspect/low-precision.ts';
import type { InferenceRuntime, Session } from '../runtime/inference-runtime.ts';
import type { NamedTensors, TensorOf } from '../runtime/tensor.ts';
import { writeExportFacts } from './export-facts.ts';
import { CLASSIFICATION, floats } from './output-comparison.ts';
import { MAX_REFERENCE_OUTPUTS, type ReferenceBatch, type ReferenceManifest, writeReference } from './reference.ts';
import { type RowFacts, writeRowFacts } from './row-facts.ts';
import { RowLabels, readLabelIds } from './row-labels.ts';

const CPU = 'CPUExecutionProvider';

/** What making a Reference is asked to do. */
export const referenceRequestSchema = z.strictObject({
  /** The export, before any later pass. */
  modelPath: z.string().min(1),
  /** The task it was exported for. */
  task: z.string().max(100).default(''),
  inputs: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('data'),
      config: dataConfigSchema,
      /** Absolute path of the rows; not needed by DummyDataContainer. */
      file: z.string().min(1).exactOptional(),
      /** Replace the config's own. */
      ...dataColumnsShape,
      /** Folder of the model's tokenizer files and configuration. */
      tokenizerFolder: z.string().min(1).exactOptional(),
      /** Whether pairs for a ranker are read beyond the config's `max_samples`: ten of the submitter's rows are two queries. */
      allPairs: z.boolean().default(false),
    }),
    /** For recipes whose evaluator names no data: one seeded batch. */
    inputsSpecSchema.options[1],
  ]),
  /** Rows kept at most: outputs of a text encoder take about 200 kB a row, scores next to nothing. */
  maxRows: z.int().min(1).max(1_000_000).default(256),
  /** After so long no further row is kept. */
  maxMs: z.number().min(0).default(600_000),
  /** Existing empty folder that receives the Reference. */
  outputFolder: z.string().min(1),
});
export type ReferenceRequest = z.infer<typeof referenceRequestSchema>;

/**
 * Runs the export on the CPU provider over the evaluation inputs and writes what it answers as a Reference, with label and query of each row. Only
 * inputs the model has are kept.
 * Throws what evaluating the data config and running the model throws, `unsupported-input` for a model without a float output first, and `too-large`.
 */
export async function makeReference(request: ReferenceRequest, runtime: InferenceRuntime): Promise<ReferenceManifest> {
  const session = await runtime.createSession({ model: { path: request.modelPath }, ep: CPU });
  try {
    const { ortVersion } = await runtime.info();
    const rows = await openRows(request, session);
    const header = { ortVersion, inputNames: session.inputs.map(({ name }) => name), outputNames: comparableOutputs(session) };
    const manifest = await writeReference(request.outputFolder, header, answers(session, rows.batches(), header.outputNames));
    await writeRowFacts(request.outputFolder, rows.facts(manifest.rows));
    await writeExportFacts(request.outputFolder, { lowPrecision: [...(await lowPrecisionOf(request.modelPath))] });
    return manifest;
  } finally {
    await session.close();
  }
}

/** The evaluation inputs; what is known of their rows once they have been read. */
interface EvaluationRows {
  batches(): AsyncGenerator<NamedTensors>;
  facts(rows: number): RowFacts;
}

async function openRows({ inputs, task, maxRows, maxMs }: ReferenceRequest, session: Session): Promise<EvaluationRows> {
  if (inputs.kind === 'generated') {
    const feeds = generateFeeds(session.inputs, inputs);
    return { batches: () => once(feeds), facts: (rows) => new RowLabels(new Map()).finish(true, rows) };
  }
  const { kind: _, config: own, tokenizerFolder, allPairs, ...source } = inputs;
  const config =
    allPairs && task === CLASSIFICATION && scoresPairs(session, source.columns ?? own.tokenization.columns) ? withRows(own, maxRows) : own;
  const tokenizer = tokenizerFolder === undefined ? undefined : await loadTokenizer(tokenizerFolder);
  const labels = new RowLabels(tokenizerFolder === undefined ? new Map() : await readLabelIds(tokenizerFolder));
  let complete = true;
  async function* batches(): AsyncGenerator<NamedTensors> {
    let rowsLeft = maxRows;
    const startedMs = performance.now();
    for await (const { tensors, facts } of evaluateLabelled({ config, ...source, ...(tokenizer && { tokenizer }) })) {
      const rows = rowsOf(tensors);
      complete = rows <= rowsLeft && (rowsLeft === maxRows || performance.now() - startedMs <= maxMs);
      if (!complete) return;
      labels.add(facts);
      yield feedsFor(session.inputs, tensors, CPU);
      rowsLeft -= rows;
    }
  }
  return { batches, facts: (rows) => labels.finish(complete, rows) };
}

async function* once(feeds: NamedTensors): AsyncGenerator<NamedTensors> {
  yield feeds;
}

/** A ranker gives one score a pair. */
function scoresPairs({ outputs: [first] }: Session, columns: readonly string[]): boolean {
  return columns.length === 2 && first?.dims.length === 2 && first.dims[1] === 1;
}

/** One row more than are kept tells whether there are more. */
function withRows(config: DataConfig, maxRows: number): DataConfig {
  return { ...config, tokenization: { ...config.tokenization, maxSamples: maxRows + 1 } };
}

/** The leading floating-point outputs, as many as a Reference keeps: what follows an integer output could not be compared by position. */
function comparableOutputs(session: Session): string[] {
  const firstOther = session.outputs.findIndex(({ dtype }) => dtype !== 'float32' && dtype !== 'float64' && dtype !== 'float16');
  const outputs = firstOther === -1 ? session.outputs : session.outputs.slice(0, firstOther);
  if (outputs.length === 0)
    throw new GroveError('unsupported-input', {
      problem: 'its first output holds no floating-point values, so it cannot serve as a reference',
    });
  return outputs.slice(0, MAX_REFERENCE_OUTPUTS).map(({ name }) => name);
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
