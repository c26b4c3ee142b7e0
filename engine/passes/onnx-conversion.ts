import { GroveError } from '../../domain/errors.ts';
import { loadSettings, plainDtype } from '../../domain/passes/hf-model.ts';
import { onnxConversion as manifest } from '../../domain/passes/onnx-conversion.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import { exportCheckpoint, isExportTask } from '../export/export-model.ts';
import type { ExportPass } from './pass.ts';

/** Exports the checkpoint as PyTorch's TorchScript exporter would. */
export const onnxConversion: ExportPass<ParamsOf<'OnnxConversion'>> = {
  kind: 'export',
  manifest,
  async run({ folder, checkpoint, task, config }, params) {
    if (!isExportTask(task)) throw new GroveError('unsupported-input', { problem: `task "${task}" has no native export` });
    const { attention, torchDtype, trustsRemoteCode } = loadSettings(config);
    const { model, modelAttributes, findings } = await exportCheckpoint(checkpoint ?? folder, {
      ...{ task, opset: params.target_opset, dynamic: params.dynamic, attention, trustsRemoteCode },
      dtype: params.torch_dtype === null ? torchDtype : plainDtype(params.torch_dtype),
      ioConfig: config['io_config'],
    });
    const given = config['model_attributes'];
    const attributes = typeof given === 'object' && !Array.isArray(given) ? { ...modelAttributes, ...given } : modelAttributes;
    const counts = { nodes: model.graph.nodes.size, initializers: model.graph.initializers.size };
    return { model, modelAttributes: attributes, report: { type: manifest.type, counts, findings } };
  },
};
