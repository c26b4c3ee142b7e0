import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readModelFile } from '../../engine/onnx/read.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import {
  compareParameters,
  differencesOf,
  type Explanation,
  type Judged,
  type JudgedDifference,
  judge,
  type ParameterComparison,
} from './compare-summaries.ts';
import { type ModelSummary, summarizeModel } from './model-summary.ts';
import { groveModel, oliveModel, type Subject, subjectKey } from './subjects.ts';

/** How two results of one subject compare without running them. */
export interface StructureResult {
  readonly subject: Subject;
  readonly olive: ModelSummary;
  readonly grove: ModelSummary;
  readonly differences: readonly JudgedDifference[];
  /** Of the tensors both quantize; undefined when nothing is quantized. */
  readonly parameters: ParameterComparison | undefined;
  /** Initializers other than scales, zero points and quantized biases: how many Olive has, how many of them Grove has with the same bytes, and why others not. */
  readonly constants: { readonly total: number; readonly equal: number; readonly explained: number };
}

const explanationsSchema = z.array(
  z.strictObject({
    recipes: z.array(z.string()).exactOptional(),
    subjects: z.array(z.string()).exactOptional(),
    aspect: z.enum(['header', 'opset', 'metadata', 'end', 'operator', 'wiring', 'initializers', 'placement', 'constant']),
    keys: z.array(z.string()).min(1),
    because: z.string().min(1),
  }),
);

/** The one file that says why Grove's results are otherwise than Olive's where they are. */
export async function readExplanations(): Promise<readonly Explanation[]> {
  const path = join(INSTALLATION_FOLDER, 'test', 'parity', 'explanations.json');
  return explanationsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
}

/** Reads both results and compares them; Olive's may lie elsewhere than usual. */
export async function compareStructure(
  subject: Subject,
  explanations: readonly Explanation[],
  olivePath: string = oliveModel(subject),
): Promise<StructureResult> {
  const olive = summarizeModel(await readModelFile(olivePath));
  const grove = summarizeModel(await readModelFile(groveModel(subject)));
  return { subject, olive, grove, ...compared({ recipe: subject.recipe, subject: subjectKey(subject) }, { olive, grove }, explanations) };
}

/** The comparison itself, for summaries that come from anywhere. Constants and parameters are compared when both have them. */
export function compared(
  judged: Judged,
  { olive, grove }: Pick<StructureResult, 'olive' | 'grove'>,
  explanations: readonly Explanation[],
): Pick<StructureResult, 'differences' | 'parameters' | 'constants'> {
  const values = olive.values !== undefined && grove.values !== undefined ? { olive: olive.values, grove: grove.values } : undefined;
  const constants = Object.entries(values?.olive.constants ?? {});
  const differences = judge(judged, differencesOf(olive, grove), explanations);
  const explained = new Set(
    differences.flatMap(({ aspect, key, because }) => (aspect === 'constant' && because !== undefined ? [key] : [])),
  );
  return {
    differences,
    parameters: values !== undefined && Object.keys(olive.placement).length > 0 ? compareParameters(values.olive, values.grove) : undefined,
    constants: {
      total: constants.length,
      equal: constants.filter(([name, text]) => values?.grove.constants[name] === text).length,
      explained: constants.filter(([name]) => explained.has(name)).length,
    },
  };
}
