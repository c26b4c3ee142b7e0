import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { ConvertSpec } from '../../domain/task.ts';
import type { LocalFiles } from '../transfer/upload.ts';
import type { ConvertOutcome } from './child-documents.ts';

/** What a conversion knows after each of its stages. */

export interface ConvertStart {
  readonly spec: ConvertSpec;
}

/** After `fetch`. */
export interface ConvertSource extends ConvertStart {
  readonly recipe: Recipe;
  readonly sourceFolder: string;
}

/** After `convert`. */
export interface Converted extends ConvertSource {
  readonly outcome: ConvertOutcome;
  readonly durationMs: number;
  readonly modelFolder: string;
  /** Where the model before any pass behind the export lies; null when nobody will compare with it. */
  readonly exportFolder: string | null;
}

/** A Reference on this machine, with its key. */
export interface LocalReference {
  readonly key: string;
  readonly folder: string;
}

/** After `reference`. */
export interface ConvertReferenced extends Converted {
  readonly reference: LocalReference | null;
}

/** After `verify`: what is to be uploaded. */
export interface ConvertVerified extends ConvertReferenced {
  readonly modelFiles: LocalFiles;
  readonly referenceFiles: LocalFiles;
}
