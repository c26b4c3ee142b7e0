import { GroveError } from '../../../domain/errors.ts';
import { ortTransformersOptimization as manifest } from '../../../domain/passes/ort-transformers-optimization.ts';
import type { ParamsOf } from '../../../domain/passes/registry.ts';

type Params = ParamsOf<'OrtTransformersOptimization'>;

const ATTENTION_OPERATORS: readonly unknown[] = ['Attention', 'MultiHeadAttention', 'GroupQueryAttention', 'PagedAttention'];

/** Whether a recipe optimises for a GPU; left out, the accelerator decides. */
export function usesGpu({ use_gpu }: Params, accelerator: string): boolean {
  return use_gpu ?? (accelerator.startsWith('gpu-') && !accelerator.endsWith('-cpu'));
}

/** Throws `pass-failed` for combinations that Olive prunes or stumbles over. */
export function refusePruned(params: Params, accelerator: string): void {
  const problem = problemOf(params, accelerator);
  if (problem !== undefined) throw new GroveError('pass-failed', { type: manifest.type, problem });
}

function problemOf(params: Params, accelerator: string): string | undefined {
  const provider = accelerator.slice(accelerator.indexOf('-') + 1);
  if (params.float16 && provider === 'tensorrt')
    return 'float16 is set, but TensorRT converts to float16 itself (trt_fp16_enable of OrtSessionParamsTuning)';
  if (params.float16 && provider === 'cpu') return 'float16 is set, but the CPU provider has few float16 kernels';
  if (params.use_gpu === true && provider === 'cpu') return 'use_gpu is set, but the target runs on the CPU provider';
  if (params.only_onnxruntime && params.opt_level === 0) return 'only_onnxruntime with opt_level 0 does nothing';
  const operator = params.optimization_options?.['attention_op_type'];
  if (operator && !ATTENTION_OPERATORS.includes(operator))
    return `attention_op_type ${JSON.stringify(operator)} is not one of ${ATTENTION_OPERATORS.join(', ')}`;
  return undefined;
}
