import { GroveError } from '../../../domain/errors.ts';
import { openVINOConversion as manifest } from '../../../domain/passes/openvino-conversion.ts';
import type { ParamsOf } from '../../../domain/passes/registry.ts';
import type { Model } from '../../graph/model.ts';
import type { ModelForm, OpenVinoContext, OpenVinoPass, PassResult } from '../pass.ts';
import { exportForOpenVino } from './export.ts';
import { openVinoModel, openVinoReport } from './ir.ts';

const { type } = manifest;

/** Converts an ONNX model, or the export of a checkpoint. */
export const openVINOConversion: OpenVinoPass<ParamsOf<'OpenVINOConversion'>> = {
  kind: 'openvino',
  manifest,
  async run(input, params, context) {
    const exported = await onnxOf(input, context);
    const { modelPath } = await context.scratch.write(exported.model);
    const out = context.scratch.path('xml');
    const description = await context.worker.call(
      'convert',
      { model: modelPath, out, shapes: shapesOf(exported.model, params), compress: params.compress_to_fp16 },
      { pass: type, onProgress: context.progress },
    );
    const { modelAttributes, report } = exported;
    return {
      model: await openVinoModel(out, description, null),
      ...(input.form === 'checkpoint' && { exported: exported.model }),
      report: { ...openVinoReport(type, description), findings: report?.findings ?? [] },
      ...(modelAttributes !== undefined && { modelAttributes }),
    };
  },
};

async function onnxOf(
  input: ModelForm,
  context: OpenVinoContext,
): Promise<Pick<PassResult, 'model' | 'modelAttributes'> & Partial<PassResult>> {
  if (input.form === 'checkpoint') return await exportForOpenVino(input.source, context);
  if (input.form === 'onnx') return { model: input.model };
  throw new GroveError('pass-failed', { type, problem: 'the model is in OpenVINO’s form already' });
}

function shapesOf({ graph }: Model, { input_shapes: shapes, static: isStatic }: ParamsOf<'OpenVINOConversion'>): number[][] | null {
  if (!isStatic || shapes === null || typeof shapes === 'string') return null;
  const count = graph.inputs.filter(({ name }) => !graph.initializers.has(name)).length;
  if (shapes.length === count) return shapes;
  throw new GroveError('pass-failed', { type, problem: `the model has ${count} inputs and input_shapes gives ${shapes.length}` });
}
