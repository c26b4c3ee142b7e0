import { z } from 'zod';
import { definePass } from './define-pass.ts';

/** A shape for each input; -1 leaves a size open. */
export const inputShapes = z.array(z.array(z.int().min(-1).max(1_000_000)).max(16)).max(64);

/** Fixes shapes and names of an OpenVINO model's inputs. */
export const openVINOIoUpdate = definePass({
  type: 'OpenVINOIoUpdate',
  side: 'host',
  toolchain: 'openvino',
  implementationVersion: 1,
  acceleratorAgnostic: true,
  summary: 'Fixes the input shapes of an OpenVINO model and renames its inputs; float32 weights become float16.',
  documentation: {
    notes: ['Names and shapes go to the inputs by position. Inputs and outputs without a name get one (`input_0`, `output_0`).'],
    leftToOlive: [],
    differences: [],
  },
  shape: {
    extra_configs: z.record(z.string(), z.json()).nullable().default(null).describe('Olive accepts it and never reads it.'),
    input_shapes: inputShapes.nullable().default(null).describe('One shape for each input; needed when `static` is set, else unread.'),
    input_names: z.array(z.string().min(1).max(200)).max(64).nullable().default(null).describe('New names of all inputs.'),
    static: z.boolean().default(false).describe('Fix the shapes.'),
    reuse_cache: z.boolean().default(false).describe('Write over the files of the pass before; changes nothing here.'),
  },
  rules: [
    ({ static: isStatic, input_shapes: shapes }) =>
      isStatic && (shapes === null || shapes.length === 0)
        ? { param: 'input_shapes', message: 'must be given when static is set' }
        : undefined,
  ],
});
