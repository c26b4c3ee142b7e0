import { openVINOIoUpdate as manifest } from '../../../domain/passes/openvino-io-update.ts';
import type { ParamsOf } from '../../../domain/passes/registry.ts';
import type { OpenVinoPass } from '../pass.ts';
import { expectOpenVino, openVinoModel, openVinoReport } from './ir.ts';

/** Fixes shapes and names; weights are stored as float16 from here on. */
export const openVINOIoUpdate: OpenVinoPass<ParamsOf<'OpenVINOIoUpdate'>> = {
  kind: 'openvino',
  manifest,
  async run(input, params, context) {
    const { type } = manifest;
    const { xmlPath } = expectOpenVino(input, type);
    const out = context.scratch.path('xml');
    const description = await context.worker.call(
      'update-io',
      { model: xmlPath, out, names: params.input_names, shapes: params.static ? params.input_shapes : null },
      { pass: type, onProgress: context.progress },
    );
    return { model: await openVinoModel(out, description, null), report: openVinoReport(type, description) };
  },
};
