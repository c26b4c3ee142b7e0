import { NATIVE_SURGEONS, type SurgeonManifest } from './native-surgeons.ts';
import { nearestName } from './nearest-name.ts';

/** A graph rewrite that Olive's GraphSurgeries offers. Without `params` it is known to Olive and not to Grove. */
type Surgeon = SurgeonManifest | { readonly name: string; readonly params?: undefined };

const KNOWN_ELSEWHERE = [
  'AddIntermediateTensorsToOutputs',
  'AttentionMaskToSequenceLengths',
  'DecomposeQuickGelu',
  'DecomposeRotaryEmbedding',
  'DeduplicateSubgraphInitializers',
  'ExposeQuantizedOutput',
  'Flatten',
  'Gather',
  'GatherElements',
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
  [...Object.values(NATIVE_SURGEONS), ...KNOWN_ELSEWHERE.map((name): Surgeon => ({ name }))].map((surgeon) => [
    surgeon.name.toLowerCase(),
    surgeon,
  ]),
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
