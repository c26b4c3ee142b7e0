import { GroveError } from '../../domain/errors.ts';
import { onnxConversion as manifest } from '../../domain/passes/onnx-conversion.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import { exportCheckpoint, isExportTask } from '../export/export-model.ts';
import type { ExportPass } from './pass.ts';

/** Exports the checkpoint as PyTorch's TorchScript exporter would. */
export const onnxConversion: ExportPass<ParamsOf<'OnnxConversion'>> = {
  kind: 'export',
  manifest,
  async run({ folder, task }, params) {
    if (!isExportTask(task)) throw new GroveError('unsupported-input', { problem: `task "${task}" has no native export` });
    const { model, modelAttributes } = await exportCheckpoint(folder, { task, opset: params.target_opset, dynamic: params.dynamic });
    const counts = { nodes: model.graph.nodes.size, initializers: model.graph.initializers.size };
    return { model, modelAttributes, report: { type: manifest.type, counts, findings: [] } };
  },
};
