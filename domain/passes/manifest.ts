import type { z } from 'zod';
import type { Json } from '../json.ts';

/** What `docs/passes.md` says of a pass beyond its summary and parameters: plain sentences, Markdown allowed. */
export interface PassDocumentation {
  /** What the pass does, one paragraph each, as far as summary and parameters leave it open. */
  readonly notes: readonly string[];
  /** Settings of this pass that send it to Olive, one phrase each: what `unsupportedReason` tests. Those of the external data parameters are said once for all passes. */
  readonly leftToOlive: readonly string[];
  /** Where Grove does something else than Olive, and why. Empty when no difference is known. */
  readonly differences: readonly string[];
}

/** The model a recipe starts from, as far as a pass may ask. */
export interface StartingModel {
  /** Olive's spelling: `HfModel`, `ONNXModel`. */
  readonly type: string;
  readonly task: string;
  /** Members beside type, path and task. */
  readonly config: Readonly<Record<string, Json>>;
}

/** Where a pass must run: on any machine (its result is shared), or on the benchmarked machine itself (its result belongs to that device). */
export type PassSide = 'host' | 'target';

/**
 * What everybody may know of a pass without loading the engine: the coordinator expands and lints with it, the conversion key covers it.
 * `Params` is the pass's parameters after defaults.
 */
export interface PassManifest<Params = unknown> {
  /** Olive's spelling, for example `OnnxFloatToFloat16`. Lookup is case-insensitive. */
  readonly type: string;
  readonly side: PassSide;
  /** Part of the conversion key: raised whenever the same input would yield other bytes. */
  readonly implementationVersion: number;
  /** Whether Olive gives this pass the same result for every accelerator; then the accelerator spec stays out of the key. */
  readonly acceleratorAgnostic: boolean;
  /** The managed toolchain Grove runs this pass with; absent: none is needed. */
  readonly toolchain?: 'openvino';
  /** Parameter schema with Olive's defaults. Unknown keys are stripped by it and reported as warnings by the recipe parser. */
  readonly params: z.ZodType<Params>;
  /** One schema per parameter. Each ends in `.describe(...)`, one sentence for `docs/passes.md`. */
  readonly shape: z.ZodRawShape;
  /** Every parameter name Olive knows for this pass; the parser warns about others. */
  readonly parameterNames: readonly string[];
  /**
   * Why these parameters, or what the recipe says of the model it starts from, need Olive although Grove knows the pass, as words that continue "is not implemented natively"
   * (` (surgeon TieWordEmbeddings)`); undefined when they do not.
   */
  unsupportedReason?(params: Params, model: StartingModel): string | undefined;
  /** Members below the top level of the parameters as written that Olive warns about and drops, as paths below the pass: `.surgeries[0].treshold`. */
  unknownMembers?(written: Readonly<Record<string, unknown>>): readonly string[];
  /**
   * Name of the data_config whose rows the pass reads with these parameters; null when it needs one and none is named; undefined, or without this
   * function, when it reads none.
   */
  dataOf?(params: Params): string | null | undefined;
  /** One line for `docs/passes.md` and `grove recipe show`. */
  readonly summary: string;
  readonly documentation: PassDocumentation;
}
