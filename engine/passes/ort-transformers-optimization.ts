import { ortTransformersOptimization as manifest } from '../../domain/passes/ort-transformers-optimization.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import type { Model } from '../graph/model.ts';
import { allNodes } from '../graph/topology.ts';
import { convertToHalf } from './float16/convert-model.ts';
import type { GraphPass, PassContext, PassReport } from './pass.ts';
import { fusionFindings, leftByFusions } from './transformers/findings.ts';
import { fuseModel } from './transformers/fuse.ts';
import { useInt32Inputs } from './transformers/int32-inputs.ts';
import { type ModelFacts, modelFacts } from './transformers/model-facts.ts';
import { runOptimizer } from './transformers/optimizer-step.ts';
import { fusionOptions } from './transformers/options.ts';
import { refusePruned, usesGpu } from './transformers/refuse.ts';
import { inferShapes } from './transformers/shapes.ts';

type Params = ParamsOf<'OrtTransformersOptimization'>;

/** Limits of a float16 conversion inside this pass: ONNX Runtime's own, wider than those of OnnxFloatToFloat16. */
const HALF_LIMITS = { min_positive_val: 5.96e-8, max_finite_val: 65504 };

/** What ONNX Runtime's tool names itself as the producer of a model that it fused. */
const PRODUCER = 'onnxruntime.transformers';

const CONTRIB_DOMAIN = 'com.microsoft';

/** ONNX Runtime's optimiser, then the fusions of its transformer tool, then float16. */
export const ortTransformersOptimization: GraphPass<Params> = {
  kind: 'graph',
  manifest,
  writesScratch: true,
  async run(given, params, context) {
    refusePruned(params, context.accelerator);
    const facts = modelFacts(params, context.modelAttributes);
    if ('unknownType' in facts) return { model: given, report: unchanged(facts.unknownType) };
    const { model, findings } = await runOptimizer(given, params, { ...context, gpu: usesGpu(params, context.accelerator) });
    context.signal.throwIfAborted();
    const parts: readonly Part[] = [
      { findings },
      ...(params.only_onnxruntime ? [] : [await fuse(model, params, { facts, context })]),
      ...(params.float16 ? [await halve(model, params, context)] : []),
      ...(params.input_int32 ? [{ counts: { inputsToInt32: useInt32Inputs(model.graph) } }] : []),
    ];
    importContribOperators(model);
    return { model, report: joined(parts) };
  },
};

/** What one step has to report. */
type Part = Partial<Pick<PassReport, 'counts' | 'findings' | 'left'>>;

function joined(parts: readonly Part[]): PassReport {
  return {
    type: manifest.type,
    counts: summed(parts.flatMap(({ counts = {} }) => Object.entries(counts))),
    findings: parts.flatMap(({ findings = [] }) => findings),
    left: parts.flatMap(({ left = [] }) => left),
  };
}

function summed(counts: readonly (readonly [string, number])[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of counts) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

function unchanged(modelType: string | undefined): PassReport {
  const what =
    modelType === undefined ? 'neither the recipe nor the model tells a model_type' : `no optimizer knows the model type "${modelType}"`;
  const message = `the model stays as it is: ${what}`;
  return { type: manifest.type, counts: {}, findings: [{ rule: 'model-type-unknown', message, param: 'model_type' }] };
}

async function fuse(
  model: Model,
  params: Params,
  { facts, context }: { readonly facts: ModelFacts; readonly context: PassContext },
): Promise<Part> {
  const written = params.optimization_options ?? {};
  const options = fusionOptions(facts.modelType, written);
  const shapes = await inferShapes(model, context.runtime);
  const counts = fuseModel(model, { ...facts, options, shapes });
  model.producerName = PRODUCER;
  model.producerVersion = '';
  const fused = { model, counts, options, written, isTypeWritten: params.model_type !== null };
  return { counts, findings: fusionFindings(fused), left: leftByFusions(fused) };
}

function halve(model: Model, params: Params, context: PassContext): Promise<Part> {
  importContribOperators(model);
  const settings = {
    ...HALF_LIMITS,
    type: manifest.type,
    keep_io_types: params.keep_io_types,
    op_block_list: params.force_fp32_ops,
    node_block_list: params.force_fp32_nodes,
    op_include_list: null,
    node_include_list: null,
    force_fp16_inputs: params.force_fp16_inputs ?? {},
  };
  return convertToHalf(model, settings, context);
}

function importContribOperators({ graph, opsetImports }: Model): void {
  if (opsetImports.has(CONTRIB_DOMAIN)) return;
  for (const { node } of allNodes(graph)) {
    if (node.domain !== CONTRIB_DOMAIN) continue;
    opsetImports.set(CONTRIB_DOMAIN, 1);
    return;
  }
}
