import { GroveError } from '../../../domain/errors.ts';
import type { LeftAlone } from '../../../domain/report.ts';
import type { Model } from '../../graph/model.ts';
import { plainSettings, type QuantizationRequest, wholeModelSettings } from '../../quantize/build-settings.ts';
import { calibrate } from '../../quantize/calibrate.ts';
import { calibrationTensors } from '../../quantize/calibration-tensors.ts';
import { qnnSettings } from '../../quantize/qnn-settings.ts';
import { quantizeModel } from '../../quantize/quantize-model.ts';
import type { QuantizeReport } from '../../quantize/report.ts';
import type { QdqSettings } from '../../quantize/settings.ts';
import type { PassContext, PassFinding, PassReport, PassResult } from '../pass.ts';
import { ADAPTERS_KEPT, hasAdapters, prepare } from './prepare.ts';
import { quantizationRequest, type StaticParams } from './request.ts';

/** A quantisation with the pass it is asked of. */
export interface Quantization<Params> {
  readonly type: string;
  readonly params: Params;
}

/** Static quantisation as Olive runs it: preprocessing, calibration, then QuantizeLinear and DequantizeLinear. */
export async function quantizeStatically(
  source: Model,
  { type, params }: Quantization<StaticParams>,
  context: PassContext,
): Promise<PassResult> {
  if (params.activation_type === 'int8' && params.precision === 'uint8')
    throw new GroveError('pass-failed', { type, problem: 'no operator takes int8 activations with uint8 weights' });
  if (hasAdapters(source.graph)) return { model: source, report: { type, counts: {}, findings: [ADAPTERS_KEPT] } };
  const { model, findings } = await prepare(source, params, context);
  context.progress(0.3);
  const settings = settingsOf(model, params, context);
  const ranges = await rangesOf(model, settings, { type, params, context });
  context.progress(0.8);
  const report = quantizeModel(model, ranges, settings);
  return { model, report: passReport(type, report, findings) };
}

function settingsOf(model: Model, params: StaticParams, { accelerator }: PassContext): QdqSettings {
  const forQnn = accelerator.endsWith('-qnn');
  const request: QuantizationRequest = quantizationRequest(params, { forQnn: forQnn && params.prepare_qdq_config });
  if (!params.prepare_qdq_config) return plainSettings(request);
  return forQnn ? qnnSettings(model, request) : wholeModelSettings(model, request);
}

interface Calibration extends Quantization<StaticParams> {
  readonly context: PassContext;
}

async function rangesOf(model: Model, settings: QdqSettings, { type, params, context }: Calibration): ReturnType<typeof calibrate> {
  if (params.data_config === null) throw new GroveError('pass-failed', { type, problem: 'it has no data_config to calibrate with' });
  const options = params.extra_options ?? {};
  let batchCount = 0;
  const ranges = await calibrate({
    model,
    tensors: calibrationTensors(model, settings),
    batches: context.data(params.data_config),
    // Entropy has one candidate, the observed range: nothing in a recipe changes its number of bins.
    method: params.calibrate_method === 'MinMax' && options.CalibMovingAverage ? 'moving-average' : 'min-max',
    symmetric: (params.calibrate_method === 'MinMax' && options.CalibTensorRangeSymmetric) ?? false,
    runtime: context.runtime,
    scratch: context.scratch,
    signal: context.signal,
    onBatch: (count) => {
      batchCount = count;
    },
  });
  context.log(`calibrated ${ranges.size} tensors on ${batchCount} batches of ${params.data_config}`);
  return ranges;
}

function passReport(type: string, report: QuantizeReport, findings: readonly PassFinding[]): PassReport {
  const { skipped, ...counts } = report;
  const overflowing = skipped.filter(({ reason }) => reason === 'bias-overflows');
  const biases = overflowing.map(
    ({ tensor }): PassFinding => ({
      rule: 'bias-overflows',
      message: `bias "${tensor}" stays float: elements are beyond what 32 bits hold at its scale`,
    }),
  );
  return { type, counts, findings: [...findings, ...biases], left: leftAlone(skipped) };
}

function leftAlone(skipped: QuantizeReport['skipped']): readonly LeftAlone[] {
  const counts = new Map<string, number>();
  for (const { reason } of skipped) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => ({ what: 'tensors', count, why: reason.replaceAll('-', ' ') }));
}
