import { z } from 'zod';
import { definePass } from './define-pass.ts';

/** Integer types VitisAI has a name for; Olive prunes the run for any other precision. */
const precision = z.enum(['int4', 'uint4', 'int8', 'uint8', 'int16', 'uint16']).nullable().default(null);

/** Writes what AMD's execution provider wants to know of a model into its metadata. */
export const vitisAIAddMetaData = definePass({
  type: 'VitisAIAddMetaData',
  side: 'host',
  implementationVersion: 1,
  acceleratorAgnostic: true,
  summary: 'Writes model facts and quantisation types into the metadata that VitisAI reads.',
  documentation: {
    notes: [
      'Entries of the metadata that are there already stay, those of the same name are replaced. The graph and the layout of its files stay what the pass before made them.',
    ],
    leftToOlive: [],
    differences: [
      'A type VitisAI has no name for is an error of the recipe; Olive ends without a model.',
      'A member the configuration lacks, or whose value has members of its own, is left out with a finding; Olive writes the latter as Python prints it.',
    ],
  },
  shape: {
    config_meta_data_keys: z
      .array(z.string())
      .default(['architectures', 'model_type'])
      .describe("Members of the model's configuration to write, each under its own name; a list becomes one line with commas."),
    activation_type: precision.describe('Type of quantised activations, written as `activation_dtype`.'),
    weight_type: precision.describe('Type of quantised weights, written as `weight_dtype`.'),
    quant_type: z.string().nullable().default('NA').describe('How the model was quantised, written as it is.'),
  },
});
