import { z } from 'zod';
import { nearestName } from './nearest-name.ts';

/** Arguments of ReplaceAttentionMaskValue: float32 constants below `threshold` become `replacement`. */
export const replaceAttentionMaskValueParams = z.object({
  threshold: z.number().default(-3e30).describe('Constants below it are replaced.'),
  replacement: z.number().default(-1e4).describe('What they become.'),
});

/** A graph rewrite of Olive's GraphSurgeries that Grove implements. */
export interface NativeSurgeon {
  /** Olive's spelling; lookup is case-insensitive. */
  readonly name: string;
  /** What it does, one sentence for `docs/passes.md`. */
  readonly summary: string;
  /** Its arguments with Olive's defaults, each ending in `.describe(...)`. */
  readonly params: z.ZodObject;
  /** What else a reader should know, differences from Olive among it: plain sentences. */
  readonly notes: readonly string[];
}

/** A graph rewrite that Olive's GraphSurgeries offers. Without `params` it is known to Olive and not to Grove. */
type Surgeon = NativeSurgeon | { readonly name: string; readonly params?: undefined };

/** Every surgeon that Grove implements, in alphabetical order. */
export const NATIVE_SURGEONS: readonly NativeSurgeon[] = [
  {
    name: 'ReplaceAttentionMaskValue',
    summary: 'Replaces the "minus infinity" of an attention mask, so that it rules neither quantisation ranges nor float16.',
    params: replaceAttentionMaskValueParams,
    notes: [
      'A float32 constant is touched only when every consumer is an Add, Mul, Expand, Where or Shape (Shape counts since Olive 0.10). It never looks at float16: behind a float16 conversion it matches nothing, which is reported as a finding.',
    ],
  },
];

const KNOWN_ELSEWHERE = [
  'AddIntermediateTensorsToOutputs',
  'AttentionMaskToSequenceLengths',
  'DecomposeQuickGelu',
  'DecomposeRotaryEmbedding',
  'DeduplicateNodes',
  'DeduplicateSubgraphInitializers',
  'ExposeOutputs',
  'ExposeQuantizedOutput',
  'Flatten',
  'Gather',
  'GatherElements',
  'GemmToMatMulAdd',
  'InferShapes',
  'MatMulAddToGemm',
  'MatMulToTransposeConvTranspose',
  'Non4DExpand',
  'Non4DInitializers',
  'Non4DLpNorm',
  'Non4DModelInputs',
  'Non4DModelOutputs',
  'Non4DReshape',
  'Non4DSlice',
  'Non4DTranspose',
  'PackedAttentionToLoopMHA',
  'PackedAttentionToPackedMHA',
  'PowReduceSumPowDiv2LpNorm',
  'QDQToClip',
  'QuantizeEmbeddingInt8',
  'RMSNormToL2Norm',
  'ReciprocalMulToDiv',
  'ReduceMax',
  'RemoveAllTensorValueShapes',
  'RemoveDeqLin',
  'RemoveGidxFromMatMulNBits',
  'RemoveInitializerFromInputs',
  'RemoveInputs',
  'RemoveIntermediarySqueezeAndUnsqueeze',
  'RemoveMemcpy',
  'RemoveQDQ',
  'RemoveRopeMultiCache',
  'RemoveShapes',
  'RenameInputDims',
  'RenameInputs',
  'RenameOutputDims',
  'RenameOutputs',
  'ReorderInputs',
  'ReplaceErfWithTanh',
  'ReshapeClipReduceSum',
  'ReshapeReduceSum',
  'ShareEmbeddingLmHead',
  'SimplifiedLayerNormToL2Norm',
  'SimplifiedLayerNormToRMSNorm',
  'StandaloneReduceSum',
  'TieWordEmbeddings',
  'ZeroOutInput',
];

const SURGEONS: ReadonlyMap<string, Surgeon> = new Map(
  [...NATIVE_SURGEONS, ...KNOWN_ELSEWHERE.map((name): Surgeon => ({ name }))].map((surgeon) => [surgeon.name.toLowerCase(), surgeon]),
);

/** The surgeon of that name in any case, or undefined when Olive has none. */
export function findSurgeon(name: string): Surgeon | undefined {
  return SURGEONS.get(name.toLowerCase());
}

/** `; perhaps "X"` or nothing. */
export function surgeonSuggestion(name: string): string {
  const nearest = nearestName(
    name,
    [...SURGEONS.values()].map((surgeon) => surgeon.name),
  );
  return nearest === undefined ? '' : `; perhaps "${nearest}"`;
}
