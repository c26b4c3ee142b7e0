import { GroveError } from '../../../domain/errors.ts';
import { advancedParameters, openVINOQuantization as manifest } from '../../../domain/passes/openvino-quantization.ts';
import type { ParamsOf } from '../../../domain/passes/registry.ts';
import type { OpenVinoContext, OpenVinoPass } from '../pass.ts';
import { writeCalibrationRows } from './calibration-rows.ts';
import { expectOpenVino, openVinoModel, openVinoReport } from './ir.ts';

type Params = ParamsOf<'OpenVINOQuantization'>;

const { type } = manifest;

/** Quantises with NNCF, calibrated with the rows that Grove tokenised. */
export const openVINOQuantization: OpenVinoPass<Params> = {
  kind: 'openvino',
  manifest,
  async run(input, params, context) {
    const { xmlPath, description: before } = expectOpenVino(input, type);
    const { data_config: data } = params;
    if (data === null) throw new GroveError('pass-failed', { type, problem: 'it names no data_config to calibrate with' });
    const rows = context.scratch.path('json');
    const names = namesOf(params) ?? before.inputs.map(({ name }) => name);
    const count = await writeCalibrationRows({ batches: context.data(data), names, indexPath: rows, pass: type });
    const out = context.scratch.path('xml');
    const description = await context.worker.call(
      'quantize',
      {
        ...{ model: xmlPath, out, rows, names, preset: params.preset, model_type: params.model_type },
        device: deviceOf(params, context),
        ignored: ignoredOf(params),
        advanced: advancedParameters(params.extra_configs),
      },
      { pass: type, onProgress: context.progress },
    );
    const { counts, ...report } = openVinoReport(type, description);
    return {
      model: await openVinoModel(out, description, { xmlPath, rows }),
      report: { ...report, counts: { ...counts, calibrationRows: count } },
    };
  },
};

function namesOf({ transform_fn: transform }: Params): readonly string[] | undefined {
  return transform === null || typeof transform === 'string' ? undefined : transform.names;
}

/** The accelerator spec begins with the device: `npu-openvino`. */
function deviceOf({ target_device: device }: Params, { accelerator }: OpenVinoContext): string {
  return device ?? accelerator.split('-', 1)[0] ?? 'any';
}

function ignoredOf({ ignored_scope: scope, ignored_scope_type: types }: Params): Record<string, readonly string[]> | null {
  if (scope === null || types === null) return null;
  if (typeof types === 'string') return { [types]: scope.flat() };
  const lists = scope.map((entry) => (typeof entry === 'string' ? [entry] : entry));
  return Object.fromEntries(types.map((kind, index) => [kind, lists[index] ?? []]));
}
