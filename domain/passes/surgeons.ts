import { z } from 'zod';
import { nearestName } from './nearest-name.ts';

/** Arguments of ReplaceAttentionMaskValue: float32 constants below `threshold` become `replacement`. */
export const replaceAttentionMaskValueParams = z.object({
  threshold: z.number().default(-3e30),
  replacement: z.number().default(-1e4),
});

/** A graph rewrite that Olive's GraphSurgeries offers. */
export interface Surgeon {
  /** Olive's spelling; lookup is case-insensitive. */
  readonly name: string;
  /** Present when Grove implements it. */
  readonly params?: z.ZodType<Readonly<Record<string, unknown>>>;
  /** Argument names, when Grove knows them. */
  readonly argumentNames?: readonly string[];
}

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

/** Surgeons by lower-case name. Those without `params` are known to Olive and not to Grove. */
const SURGEONS: ReadonlyMap<string, Surgeon> = new Map(
  [
    { name: 'ReplaceAttentionMaskValue', params: replaceAttentionMaskValueParams, argumentNames: ['threshold', 'replacement'] },
    ...KNOWN_ELSEWHERE.map((name): Surgeon => ({ name })),
  ].map((surgeon) => [surgeon.name.toLowerCase(), surgeon]),
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
