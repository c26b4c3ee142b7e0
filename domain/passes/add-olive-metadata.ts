import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { externalDataShape } from './external-data.ts';

/** Names the graph and writes facts of the conversion into the model's metadata. */
export const addOliveMetadata = definePass({
  type: 'AddOliveMetadata',
  side: 'host',
  implementationVersion: 1,
  acceleratorAgnostic: true,
  summary: 'Names the graph and writes custom metadata and the task into the model.',
  documentation: {
    notes: [
      'Entries of the metadata that are there already stay, those of the same name are replaced. The layout of the files stays what the pass before made it, whatever the parameters of a weights file say.',
    ],
    leftToOlive: [],
    differences: [
      '`olive_version` and `model_hash` are left out: no Olive ran, and its hash covers paths of its cache.',
      'A number that JSON writes as 1.0 is written as 1.',
    ],
  },
  shape: {
    graph_name: z.string().describe('Name of the graph.'),
    custom_metadata: z.record(z.string(), z.json()).nullable().default({}).describe('Entries to write, values as Python prints them.'),
    add_optimization_info: z.boolean().default(true).describe('Write task, passes and quantisation settings where the model knows them.'),
    ...externalDataShape,
  },
});
