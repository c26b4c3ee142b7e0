import type { NativeSurgeon, SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import { deduplicateNodes } from './deduplicate-nodes.ts';
import { exposeOutputs } from './expose-outputs.ts';
import { gemmToMatMulAdd } from './gemm-to-mat-mul-add.ts';
import { inferShapes } from './infer-shapes.ts';
import { matMulAddToGemm } from './mat-mul-add-to-gemm.ts';
import { powReduceSumPowDivToLpNorm } from './pow-reduce-sum-pow-div-to-lp-norm.ts';
import { removeShapes } from './remove-shapes.ts';
import { renameInputDims } from './rename-input-dims.ts';
import { renameInputs } from './rename-inputs.ts';
import { renameOutputDims } from './rename-output-dims.ts';
import { renameOutputs } from './rename-outputs.ts';
import { replaceAttentionMaskValue } from './replace-attention-mask-value.ts';
import type { Surgery } from './surgery.ts';

/** Every native surgeon; one that the domain names and nobody implements does not compile. */
export const SURGERIES: { readonly [Name in NativeSurgeon]: Surgery<SurgeonArguments<Name>> } = {
  DeduplicateNodes: deduplicateNodes,
  ExposeOutputs: exposeOutputs,
  GemmToMatMulAdd: gemmToMatMulAdd,
  InferShapes: inferShapes,
  MatMulAddToGemm: matMulAddToGemm,
  PowReduceSumPowDiv2LpNorm: powReduceSumPowDivToLpNorm,
  RemoveShapes: removeShapes,
  RenameInputDims: renameInputDims,
  RenameInputs: renameInputs,
  RenameOutputDims: renameOutputDims,
  RenameOutputs: renameOutputs,
  ReplaceAttentionMaskValue: replaceAttentionMaskValue,
};
