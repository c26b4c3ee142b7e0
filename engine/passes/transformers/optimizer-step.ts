import type { ParamsOf } from '../../../domain/passes/registry.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Model } from '../../graph/model.ts';
import { allGraphs, allNodes } from '../../graph/topology.ts';
import { type OptimizeOptions, optimizeModel } from '../../runtime/optimize-model.ts';
import type { PassContext, PassFinding } from '../pass.ts';

type Params = ParamsOf<'OrtTransformersOptimization'>;

const LEVELS: Readonly<Record<1 | 2 | 99, OptimizeOptions['level']>> = { 1: 'basic', 2: 'extended', 99: 'all' };

/** Equal constants stay apart: later fusions look at each by itself. */
const ALWAYS_DISABLED: readonly string[] = ['ConstantSharing'];

/** What these make, the fusions behind them would not recognise. */
const HIDING_FUSIONS: readonly string[] = [
  'MatMulScaleFusion',
  'MatMulAddFusion',
  'MatmulTransposeFusion',
  'GemmActivationFusion',
  'BiasSoftmaxFusion',
];

/** A model behind ONNX Runtime's own optimiser, or the same with the reason why it was left out. */
export interface OptimizerStep {
  readonly model: Model;
  readonly findings: readonly PassFinding[];
}

/** Runs ONNX Runtime's optimiser as the recipe's level says, on the CPU provider. */
export async function runOptimizer(
  model: Model,
  params: Params,
  { runtime, scratch, gpu }: Pick<PassContext, 'runtime' | 'scratch'> & { readonly gpu: boolean },
): Promise<OptimizerStep> {
  const level = params.opt_level ?? 1;
  if (level === 0) return { model, findings: [] };
  const obstacle = gpu ? obstacleOf(model, level) : undefined;
  if (obstacle !== undefined) {
    const message = `ONNX Runtime's own optimiser was left out: ${obstacle}`;
    return { model, findings: [{ rule: 'optimizer-left-out', message, param: 'opt_level' }] };
  }
  const disabledOptimizers = level === 1 || params.only_onnxruntime ? ALWAYS_DISABLED : [...ALWAYS_DISABLED, ...HIDING_FUSIONS];
  return { model: await optimizeModel(model, runtime, { level: LEVELS[level], disabledOptimizers, scratch }), findings: [] };
}

/** For another provider only the basic level is the same everywhere, and the CPU provider would put Casts around float16. */
function obstacleOf(model: Model, level: 1 | 2 | 99): string | undefined {
  if (level > 1) return `what it does at level ${level} depends on the provider, which a conversion does not have`;
  return usesFloat16(model) ? 'on the CPU provider it would put Casts around the float16 nodes' : undefined;
}

function usesFloat16({ graph }: Model): boolean {
  for (const { initializers, inputs, outputs, valueInfo } of allGraphs(graph)) {
    if ([...initializers.values()].some(({ dataType }) => dataType === DataType.FLOAT16)) return true;
    for (const { type } of [...inputs, ...outputs, ...valueInfo.values()]) {
      if (type?.kind === 'tensor' && type.dataType === DataType.FLOAT16) return true;
    }
  }
  for (const { node } of allNodes(graph)) {
    const to = node.opType === 'Cast' ? node.attributes.get('to') : undefined;
    if (to?.kind === 'int' && to.value === BigInt(DataType.FLOAT16)) return true;
  }
  return false;
}
