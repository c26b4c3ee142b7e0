import { resolve } from 'node:path';
import { asJson } from '../../agent/runner/as-json.ts';
import { referenceOutcomeSchema } from '../../agent/stages/child-documents.ts';
import type { Quality } from '../../domain/report.ts';
import { findModelFile } from '../../engine/inspect/find-model.ts';
import { type QualityRequest, qualityResultSchema } from '../../engine/quality/run-quality.ts';
import type { LocalChildren } from './children.ts';

/** What a float model's outputs are compared with where nobody names a bound: enough for float16, and to be told from int8. */
const DEFAULT_MIN_COSINE = 0.99;
const TIMEOUT_MS = 600_000;

/** A model whose outputs are the truth, and how far from them is good. */
export interface ReferenceChoice {
  readonly path: string;
  readonly minCosine: number | undefined;
}

/** The session and inputs a benchmark measured. */
export type Measured = Pick<QualityRequest, 'session'> & { readonly inputs: object };

/** Compares the outputs of a measured session with those of a reference model on the CPU, for the same inputs. Throws what either model's run throws. */
export async function compareWithReference(
  { session, inputs }: Measured,
  choice: ReferenceChoice,
  children: LocalChildren,
): Promise<Quality> {
  const referenceFolder = await children.makeFolder('reference');
  const reference = { modelPath: await findModelFile(resolve(choice.path)), inputs, outputFolder: referenceFolder };
  await children.run({ stage: 'reference', request: asJson(reference), result: referenceOutcomeSchema, timeoutMs: TIMEOUT_MS });
  const bound = { min: choice.minCosine ?? DEFAULT_MIN_COSINE, isDefault: choice.minCosine === undefined };
  const request: QualityRequest = { session, referenceFolder, task: '', bound, accuracy: [], maxMs: TIMEOUT_MS / 2 };
  return (await children.run({ stage: 'quality', request: asJson(request), result: qualityResultSchema, timeoutMs: TIMEOUT_MS })).quality;
}
