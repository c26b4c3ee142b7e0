import { z } from 'zod';
import { judgedSimilarity } from '../../domain/judged-similarity.ts';
import type { Quality } from '../../domain/report.ts';
import { feedsFor } from '../benchmark/inputs.ts';
import { openSession, sessionSpecSchema } from '../benchmark/session-spec.ts';
import { floatsFromHalves } from '../graph/half.ts';
import type { InferenceRuntime, Session } from '../runtime/inference-runtime.ts';
import type { Tensor, TensorOf } from '../runtime/tensor.ts';
import { OutputComparison } from './compare.ts';
import { type ReferenceBatch, readReferenceBatch, readReferenceManifest } from './reference.ts';

/** What a quality launch is asked to do. */
export const qualityRequestSchema = z.strictObject({
  session: sessionSpecSchema,
  /** Folder of the Reference. */
  referenceFolder: z.string().min(1),
  /** Whether output 0 holds logits of shape [batch, labels] (a model exported for classification). */
  isClassifier: z.boolean(),
  /** Least value of `judgedSimilarity` that counts as good. */
  bound: z.strictObject({ min: z.number().min(-1).max(1), isDefault: z.boolean() }),
});
export type QualityRequest = z.infer<typeof qualityRequestSchema>;

/**
 * Runs every batch of the Reference and compares output 0 with it, by position: names and element types may differ, shapes may not. A model that
 * cannot be compared gives `not-measured` with the reason. Throws `invalid-reference` and what opening and running a session throws.
 */
export async function runQuality(request: QualityRequest, runtime: InferenceRuntime): Promise<Quality> {
  const manifest = await readReferenceManifest(request.referenceFolder);
  const session = await openSession(runtime, request.session);
  try {
    const comparison = new OutputComparison(request.isClassifier);
    for (let index = 0; index < manifest.batches.length; index++) {
      const batch = await readReferenceBatch(request.referenceFolder, manifest, index);
      const why = await compareBatch(session, batch, { comparison, ep: request.session.ep });
      if (why !== undefined) return { state: 'not-measured', why };
    }
    return judge(comparison, request.bound);
  } finally {
    await session.close();
  }
}

/** Adds one batch; says why when its outputs cannot be compared. */
async function compareBatch(
  session: Session,
  batch: ReferenceBatch,
  into: { comparison: OutputComparison; ep: string },
): Promise<string | undefined> {
  const outputs = await session.run(feedsFor(session.inputs, batch.inputs, into.ep));
  const name = session.outputs[0]?.name ?? '';
  const actual = outputs[name];
  const expected = batch.outputs[0];
  const values = actual && floats(actual);
  if (values === undefined || actual === undefined || expected === undefined) return `output "${name}" holds no floating-point values`;
  const shape = `[${actual.dims.join(', ')}]`;
  if (shape !== `[${expected.dims.join(', ')}]`) return `output "${name}" has shape ${shape}, the reference [${expected.dims.join(', ')}]`;
  into.comparison.add({ dims: actual.dims, actual: values, expected: expected.data, mask: maskOf(batch) });
  return undefined;
}

function judge(comparison: OutputComparison, bound: QualityRequest['bound']): Quality {
  const result = comparison.finish();
  const passed = judgedSimilarity(result).value >= bound.min;
  return { state: 'measured', ...result, bound: { metric: 'cosine', ...bound }, passed };
}

/** Values of a floating-point tensor as float32; undefined for other types. */
export function floats(tensor: Tensor): Float32Array | undefined {
  if (tensor.dtype === 'float32') return tensor.data;
  if (tensor.dtype === 'float16') return floatsFromHalves(tensor.data);
  return tensor.dtype === 'float64' ? Float32Array.from(tensor.data) : undefined;
}

function maskOf({ inputs }: ReferenceBatch): TensorOf<'int64'>['data'] | undefined {
  const mask = inputs['attention_mask'];
  return mask?.dtype === 'int64' ? mask.data : undefined;
}
