import { join } from 'node:path';
import { PARITY_FOLDER } from './environment.ts';
import type { ParityModel } from './models.ts';
import type { RecipeLabel, Task } from './recipes.ts';

/** One conversion that both stacks do. */
export interface Subject {
  readonly model: ParityModel;
  readonly recipe: RecipeLabel;
  readonly task: Task;
  /** Whether Olive's graph is kept as it is just before the quantizer, for Grove's quantizer alone. */
  readonly prepared: boolean;
}

/** Names the subject's folders. */
export function subjectKey({ model, recipe, task, prepared }: Subject): string {
  return [model.name, recipe, task, ...(prepared ? ['prepared'] : [])].join('-');
}

/** Where Olive's side of a subject lies. */
export function oliveFolder(subject: Subject): string {
  return join(PARITY_FOLDER, 'olive', subjectKey(subject));
}

/** Olive's result of a subject. */
export function oliveModel(subject: Subject): string {
  return join(oliveFolder(subject), 'output', 'model.onnx');
}

/** Olive's model after the pass `from` (`onnxconversion`, `onnxquantizationpreprocess`), where it is kept. */
export function oliveIntermediate(subject: Subject, from: IntermediatePass): string {
  return join(oliveFolder(subject), from, 'model.onnx');
}

/** Passes whose result is kept: the export is the reference of quality, the prepared graph the input of both quantizers. */
export const INTERMEDIATE_PASSES = ['onnxconversion', 'onnxquantizationpreprocess'] as const;
export type IntermediatePass = (typeof INTERMEDIATE_PASSES)[number];

/** Where Grove's side of a subject lies. */
export function groveFolder(subject: Subject): string {
  return join(PARITY_FOLDER, 'grove', subjectKey(subject));
}

/** Grove's result of a subject. */
export function groveModel(subject: Subject): string {
  return join(groveFolder(subject), 'output', 'model.onnx');
}
