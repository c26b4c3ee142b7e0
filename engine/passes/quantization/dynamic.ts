import { GroveError } from '../../../domain/errors.ts';
import type { ParamsOf } from '../../../domain/passes/registry.ts';
import type { LeftAlone } from '../../../domain/report.ts';
import { type Model, onnxOpset } from '../../graph/model.ts';
import { type DynamicReport, FIRST_DYNAMIC_OPSET, quantizeDynamically } from '../../quantize/dynamic/quantize-dynamically.ts';
import type { DynamicSettings } from '../../quantize/dynamic/settings.ts';
import type { PassContext, PassResult } from '../pass.ts';
import { ADAPTERS_KEPT, hasAdapters, prepare } from './prepare.ts';
import type { Quantization } from './static.ts';

/** Parameters of dynamic quantisation, whichever pass they are of. */
export type DynamicParams = Omit<ParamsOf<'OnnxDynamicQuantization'>, 'quant_mode'>;

/** Dynamic quantisation as Olive runs it: preprocessing, then integer operators behind a quantisation at run time. */
export async function quantizeAtRunTime(
  source: Model,
  { type, params }: Quantization<DynamicParams>,
  context: PassContext,
): Promise<PassResult> {
  if (context.accelerator.endsWith('-qnn'))
    throw new GroveError('pass-failed', { type, problem: 'QNN runs no model that is quantised dynamically' });
  if (hasAdapters(source.graph)) return { model: source, report: { type, counts: {}, findings: [ADAPTERS_KEPT] } };
  const { model, findings } = await prepare(source, params, context);
  const opset = onnxOpset(model);
  if (opset < FIRST_DYNAMIC_OPSET)
    throw new GroveError('pass-failed', {
      type,
      problem: `opset ${opset} has no DynamicQuantizeLinear; it came with ${FIRST_DYNAMIC_OPSET}`,
    });
  const report = quantizeDynamically(model, settingsOf(params));
  const { kept, ...counts } = report;
  return { model, report: { type, counts, findings, left: leftAlone(kept) } };
}

function settingsOf(params: DynamicParams): DynamicSettings {
  const options = params.extra_options ?? {};
  const listed = (names: readonly string[] | null): ReadonlySet<string> | undefined =>
    names === null || names.length === 0 ? undefined : new Set(names);
  return {
    weightType: params.precision === 'uint8' ? 'uint8' : 'int8',
    weightSymmetric: params.weight_symmetric ?? options.WeightSymmetric ?? undefined,
    activationSymmetric: params.activation_symmetric,
    perChannel: params.per_channel,
    reduceRange: params.reduce_range,
    minRealRange: options.MinimumRealRange ?? undefined,
    opTypes: listed(params.op_types_to_quantize),
    excludedOpTypes: new Set(params.op_types_to_exclude),
    nodes: listed(params.nodes_to_quantize),
    excludedNodes: new Set(params.nodes_to_exclude),
    matMulConstBOnly: options.MatMulConstBOnly ?? true,
    forceQuantizeNoInputCheck: options.ForceQuantizeNoInputCheck ?? false,
  };
}

function leftAlone(kept: DynamicReport['kept']): readonly LeftAlone[] {
  const groups = new Map<string, LeftAlone>();
  for (const { opType, reason } of kept) {
    const key = `${opType} ${reason}`;
    groups.set(key, { what: opType, count: (groups.get(key)?.count ?? 0) + 1, why: reason });
  }
  return [...groups.values()];
}
