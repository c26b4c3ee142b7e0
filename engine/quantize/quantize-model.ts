import { type Model, onnxOpset } from '../graph/model.ts';
import { ActivationScaler } from './activation-scaler.ts';
import { checkOverrides } from './check-overrides.ts';
import { FLOAT16 } from './float-kind.ts';
import { planQuantization } from './plan.ts';
import { quantTypeInfo } from './quant-type.ts';
import type { TensorRange } from './range.ts';
import { adjustedRanges } from './range-sources.ts';
import { type QuantizeReport, ReportBuilder } from './report.ts';
import { type ResolvedTensor, resolveScales } from './resolve.ts';
import { rewriteGraph } from './rewrite.ts';
import type { QdqSettings } from './settings.ts';

const CONTRIB_DOMAIN = 'com.microsoft';

/**
 * Quantises a model in place: QuantizeLinear and DequantizeLinear around what the settings select, constants as integers, biases as int32, with the
 * names, scales and zero points that onnxruntime's own quantizer gives.
 *
 * Types come from the graph (`typeOf`), which must know them before; a tensor without one stays float and is reported, and so is one whose range is
 * missing in `ranges` or not finite. Bodies of If, Loop and Scan stay float. Throws `pass-failed` for overrides that do not fit the model.
 */
export function quantizeModel(model: Model, ranges: ReadonlyMap<string, TensorRange>, settings: QdqSettings): QuantizeReport {
  const { graph } = model;
  checkOverrides(graph, settings);
  const report = new ReportBuilder();
  const scaler = new ActivationScaler(graph, settings, { observed: ranges, sources: adjustedRanges(graph, settings) });
  const hasRange = (tensor: string): boolean => typeof scaler.own(tensor) !== 'string';
  const plan = planQuantization(model, { settings, hasRange }, report);
  const resolved = resolveScales(plan, { model, settings, scaler, report });
  const domain = needsContribOps(model, { settings, resolved }) ? CONTRIB_DOMAIN : '';
  rewriteGraph(model, { plan, resolved, settings, domain, report });
  if (domain === CONTRIB_DOMAIN) model.opsetImports.set(CONTRIB_DOMAIN, 1);
  model.producerName = 'onnx.quantize';
  model.producerVersion = '0.1.0';
  model.metadata.set('onnx.infer', 'onnxruntime.quant');
  return report.build();
}

/**
 * The standard QuantizeLinear came with opset 10, knows channels since 13, float16 since 19 and 16-bit integers since 21. ONNX Runtime's own knows all
 * of them at any opset.
 */
function needsContribOps(
  model: Model,
  { settings, resolved }: { settings: QdqSettings; resolved: ReadonlyMap<string, ResolvedTensor> },
): boolean {
  const opset = onnxOpset(model);
  if (settings.useContribOps || opset < 10) return true;
  if (opset < 21 && typesOf(settings).some((type) => quantTypeInfo(type).bits === 16)) return true;
  return [...resolved.values()].some((tensor) => {
    if (tensor.kind === 'shared') return false;
    return (opset < 19 && tensor.scales.kind === FLOAT16) || (opset < 13 && tensor.scales.axis !== undefined);
  });
}

/** Every integer type the settings name. */
function typesOf({ activationType, weightType, overrides }: QdqSettings) {
  const overridden = [...overrides.values()].flat().flatMap(({ quantType, convert }) => [quantType, convert?.quantType]);
  return [activationType, weightType, ...overridden].filter((type) => type !== undefined);
}
