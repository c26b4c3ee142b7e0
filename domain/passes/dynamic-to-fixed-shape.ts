import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { externalDataReason, externalDataShape } from './external-data.ts';

/** Gives symbolic dimensions a number, by their name or by replacing whole input shapes. */
export const dynamicToFixedShape = definePass({
  type: 'DynamicToFixedShape',
  side: 'host',
  implementationVersion: 2,
  acceleratorAgnostic: true,
  summary: 'Replaces symbolic dimensions by numbers.',
  documentation: {
    notes: [
      'Give `dim_param` with `dim_value`, or `input_name` with `input_shape`; neither or both is an error. An output takes its inferred shape only when every dimension became a number. The shape arithmetic inside the graph stays, as in Olive: later passes and the session fold it.',
    ],
    leftToOlive: [],
    differences: [
      'A name that occurs nowhere is silent in Olive and a finding here.',
      'An input of unknown rank takes the given shape; to Olive its rank is 0.',
    ],
  },
  shape: {
    dim_param: z.array(z.string()).nullable().default(null).describe('Names of symbolic dimensions to fix.'),
    dim_value: z.array(z.number().int().nonnegative()).nullable().default(null).describe('Their numbers, in the same order.'),
    input_name: z.array(z.string()).nullable().default(null).describe('Inputs whose whole shape to replace.'),
    input_shape: z.array(z.array(z.number().int().positive())).nullable().default(null).describe('Their shapes, in the same order.'),
    ...externalDataShape,
  },
  unsupportedReason: externalDataReason,
  rules: [
    ({ dim_param, input_name }) =>
      isGiven(dim_param) === isGiven(input_name)
        ? { param: 'dim_param', message: 'give either dim_param with dim_value or input_name with input_shape' }
        : undefined,
    ({ dim_param, dim_value }) =>
      (dim_param?.length ?? 0) === (dim_value?.length ?? 0)
        ? undefined
        : { param: 'dim_value', message: `must have as many values as dim_param has names (${dim_param?.length ?? 0})` },
    ({ input_name, input_shape }) =>
      (input_name?.length ?? 0) === (input_shape?.length ?? 0)
        ? undefined
        : { param: 'input_shape', message: `must have as many shapes as input_name has names (${input_name?.length ?? 0})` },
  ],
});

/** To Olive an empty list is as good as none. */
function isGiven(list: readonly unknown[] | null): boolean {
  return (list?.length ?? 0) > 0;
}
