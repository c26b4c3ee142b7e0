import { resolve } from 'node:path';
import { findModelFile } from '../../engine/inspect/find-model.ts';
import type { SessionChoice } from '../bench/session-here.ts';
import { keyValues } from '../option-parsers.ts';

/** What one side is run with; what a side leaves out is what the command gives to both. */
export interface VariantOptions {
  readonly ep?: string;
  readonly device?: 'cpu' | 'gpu' | 'npu';
  readonly epPackage?: string;
  readonly epOption: readonly string[];
  readonly ort?: string;
  readonly threads?: number;
}

/** The sides of a comparison. */
export type Side = 'a' | 'b';

/** A side's session: its model, what both share, and over it what only this side is given. Throws when there is no such model. */
export async function variantOf(
  model: string,
  both: VariantOptions & { readonly ep: string },
  own: VariantOptions,
): Promise<SessionChoice> {
  const { epOption: sharedOptions, ...shared } = both;
  const { epOption: ownOptions, ...rest } = own;
  const epOptions = { ...keyValues('--ep-option', sharedOptions), ...keyValues('--b-ep-option', ownOptions) };
  return { ...shared, ...rest, modelPath: await findModelFile(resolve(model)), epOptions };
}
