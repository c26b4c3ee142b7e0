import { z } from 'zod';
import { definePass } from './define-pass.ts';

/** Wraps OpenVINO IR into an ONNX file of one EPContext node. */
export const openVINOEncapsulation = definePass({
  type: 'OpenVINOEncapsulation',
  side: 'host',
  toolchain: 'openvino',
  implementationVersion: 1,
  acceleratorAgnostic: true,
  summary: 'Writes an ONNX model of one EPContext node that refers to the OpenVINO model beside it.',
  documentation: {
    notes: [
      'Inputs and outputs are read from the IR. The node names the device in `DeviceClass`; a benchmark with `--substitute-device` rewrites it in its own copy. Such a model runs on the OpenVINO execution provider alone: another one is `ep-bound-artifact`.',
      'The result is checked by OpenVINO itself, which compiles it for its CPU device and runs calibration rows through it and through the float model.',
    ],
    leftToOlive: ['`genai_config_override`'],
    differences: [
      'The files are `model.onnx`, `model.xml` and `model.bin`: some versions of the provider look for the IR under the name of the ONNX file, whatever the node says.',
    ],
  },
  shape: {
    target_device: z.enum(['cpu', 'gpu', 'npu']).default('cpu').describe('Device the model is to run on.'),
    ov_version: z
      .string()
      .max(100)
      .nullable()
      .default(null)
      .describe('Version written into the node. Null: that of the OpenVINO that made the IR.'),
    opset_imports: z
      .array(z.array(z.union([z.string().max(200), z.int().min(1)])).length(2))
      .max(64)
      .default([
        ['com.microsoft.nchwc', 1],
        ['', 11],
        ['ai.onnx.ml', 5],
        ['com.ms.internal.nhwc', 11],
        ['ai.onnx.training', 1],
        ['ai.onnx.preview.training', 1],
        ['com.microsoft.experimental', 1],
        ['com.microsoft', 1],
        ['org.pytorch.aten', 1],
      ])
      .describe('Operator sets that the file imports.'),
    keep_ov_dynamic_dims: z.boolean().default(false).describe('Leave open sizes without a name; Olive writes -1.'),
    reuse_cache: z.boolean().default(false).describe('Write beside the files of the pass before; changes nothing here.'),
    genai_config_override: z
      .record(z.string(), z.json())
      .nullable()
      .default(null)
      .describe('Changes to the configuration of generating models.'),
  },
  rules: [
    ({ opset_imports: imports }) =>
      opsetPairs(imports).length === imports.length
        ? undefined
        : { param: 'opset_imports', message: 'must hold pairs of a domain and a version' },
  ],
  unsupportedReason: ({ genai_config_override: override }) =>
    override !== null && Object.keys(override).length > 0 ? ' (genai_config_override)' : undefined,
});

/** Domain and version of each operator set that is written as such a pair. */
export function opsetPairs(imports: readonly (readonly (string | number)[])[]): readonly (readonly [string, number])[] {
  return imports.flatMap(([domain, version]) =>
    typeof domain === 'string' && typeof version === 'number' ? [[domain, version] as const] : [],
  );
}
