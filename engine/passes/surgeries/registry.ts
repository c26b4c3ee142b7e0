import type { NativeSurgeon, SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import { matMulAddToGemm } from './mat-mul-add-to-gemm.ts';
import { replaceAttentionMaskValue } from './replace-attention-mask-value.ts';
import type { Surgery } from './surgery.ts';

/** Every native surgeon; one that the domain names and nobody implements does not compile. */
export const SURGERIES: { readonly [Name in NativeSurgeon]: Surgery<SurgeonArguments<Name>> } = {
  MatMulAddToGemm: matMulAddToGemm,
  ReplaceAttentionMaskValue: replaceAttentionMaskValue,
};
