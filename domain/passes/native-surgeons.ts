import { z } from 'zod';

/** What everybody may know of a surgeon that Grove implements. */
export interface SurgeonManifest<Shape extends z.ZodRawShape = z.ZodRawShape> {
  /** Olive's spelling; lookup is case-insensitive. */
  readonly name: string;
  /** What it does, one sentence for `docs/passes.md`. */
  readonly summary: string;
  /** Its arguments with Olive's defaults, each ending in `.describe(...)`. */
  readonly params: z.ZodObject<Shape>;
  /** What else a reader should know, differences from Olive among it: plain sentences. */
  readonly notes: readonly string[];
}

const matMulAddToGemm = {
  name: 'MatMulAddToGemm',
  summary: 'Joins a MatMul and the Add of a bias behind it into one Gemm, between Reshapes where the left operand is no matrix.',
  params: z.object({}),
  notes: [
    'The MatMul must have no other reader, and the bias one dimension. Shapes come from ONNX Runtime with constants folded, which reaches what Olive up to 0.13 knows through its symbolic engine: all 36 projections of MiniLM-L6 convert. New nodes have the names Olive gives them.',
    'Left alone where Olive writes a graph that fails: a bias wider than the product, integers, dimensions of zero, a Relu before a graph output. Bodies of If, Loop and Scan are left alone too.',
  ],
} as const satisfies SurgeonManifest;

const replaceAttentionMaskValue = {
  name: 'ReplaceAttentionMaskValue',
  summary: 'Replaces the "minus infinity" of an attention mask, so that it rules neither quantisation ranges nor float16.',
  params: z.object({
    threshold: z.number().default(-3e30).describe('Constants below it are replaced.'),
    replacement: z.number().default(-1e4).describe('What they become.'),
  }),
  notes: [
    'A float32 constant is touched only when every consumer is an Add, Mul, Expand, Where or Shape (Shape counts since Olive 0.10). It never looks at float16: behind a float16 conversion it matches nothing, which is reported as a finding.',
  ],
} as const satisfies SurgeonManifest;

/**
 * Every surgeon Grove runs itself, by Olive's name, in alphabetical order. The engine's table is keyed by these names, so a surgeon without an
 * implementation does not compile.
 */
export const NATIVE_SURGEONS = {
  MatMulAddToGemm: matMulAddToGemm,
  ReplaceAttentionMaskValue: replaceAttentionMaskValue,
} as const satisfies Record<string, SurgeonManifest>;

/** Olive's spelling of a surgeon that Grove runs itself. */
export type NativeSurgeon = keyof typeof NATIVE_SURGEONS;

/** Arguments after defaults of one native surgeon. */
export type SurgeonArguments<Name extends NativeSurgeon> = z.output<(typeof NATIVE_SURGEONS)[Name]['params']>;

/** Whether a canonical name is that of a native surgeon: narrows it for the engine's table. */
export function isNativeSurgeon(name: string): name is NativeSurgeon {
  return Object.hasOwn(NATIVE_SURGEONS, name);
}
