import { GroveError } from '../../../domain/errors.ts';
import { openVINOOptimumConversion as manifest } from '../../../domain/passes/openvino-optimum-conversion.ts';
import type { ParamsOf } from '../../../domain/passes/registry.ts';
import type { Model } from '../../graph/model.ts';
import { removeUnused } from '../../graph/topology.ts';
import type { OpenVinoPass } from '../pass.ts';
import { exportForOpenVino } from './export.ts';
import { openVinoModel, openVinoReport } from './ir.ts';

/** Exports the checkpoint and converts it with its axes open, in float32. */
export const openVINOOptimumConversion: OpenVinoPass<ParamsOf<'OpenVINOOptimumConversion'>> = {
  kind: 'openvino',
  manifest,
  async run(input, { extra_args: extra }, context) {
    const { type } = manifest;
    if (input.form !== 'checkpoint') throw new GroveError('pass-failed', { type, problem: 'it starts from a checkpoint' });
    const task = extra?.['task'];
    const source = { ...input.source, task: typeof task === 'string' ? task : input.source.task };
    const { model, modelAttributes, report } = await exportForOpenVino(source, context);
    if (source.task === 'feature-extraction') keepFirstOutput(model);
    const { modelPath } = await context.scratch.write(model);
    const out = context.scratch.path('xml');
    const description = await context.worker.call(
      'convert',
      { model: modelPath, out, shapes: null, compress: false },
      { pass: type, onProgress: context.progress },
    );
    return {
      model: await openVinoModel(out, description, null),
      exported: model,
      report: { ...openVinoReport(type, description), findings: report.findings },
      ...(modelAttributes !== undefined && { modelAttributes }),
    };
  },
};

/** optimum declares the hidden states alone; the pooled output has no name there. */
function keepFirstOutput({ graph }: Model): void {
  graph.outputs.splice(1);
  removeUnused(graph);
}
