import { z } from 'zod';
import { definePass } from './define-pass.ts';

/** Compiles the model for the benchmarked device, by its execution provider. */
export const epContextBinaryGenerator = definePass({
  type: 'EPContextBinaryGenerator',
  side: 'target',
  implementationVersion: 1,
  acceleratorAgnostic: false,
  summary: 'Has the execution provider compile the model on the device itself; the session then loads what was compiled.',
  documentation: {
    notes: [
      'One session with `ep.context_enable` is made in a process of its own; what it writes (nodes of type EPContext, and the compiled parts beside them unless `embed_context` is set) is measured in place of the model, and kept with the result as `compiled/`. `grove pull JOB --compiled --out DIR` brings it here, and `grove submit DIR/model.onnx --ep NAME` runs it again.',
      'The result records the provider with its version, its SDK, the size and how long it took. A compiled model is run by the same version of the same provider; a device that has another refuses it as `ep-bound-artifact` and names both.',
      "Where the provider writes nothing or refuses, the cell is `unsupported` with the provider's own words (`no-ep-context`).",
    ],
    leftToOlive: [],
    differences: [
      'Olive compiles for QNN only; Grove asks whichever provider the recipe targets. `backend_path` is that of the installed package, as Olive too puts its own in place of a given one.',
      '`weight_sharing` concerns models of several components, which Grove does not convert; it changes nothing here, as it changes nothing in Olive for a single model.',
    ],
  },
  shape: {
    embed_context: z.boolean().default(false).describe('Write the compiled parts into the ONNX file rather than beside it.'),
    weight_sharing: z.boolean().default(false).describe('Let the components of one model share weights.'),
    provider_options: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .nullable()
      .default(null)
      .describe('Options of the execution provider, when it compiles and when the result runs.'),
    session_options: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .nullable()
      .default(null)
      .describe('Session configuration entries for compiling.'),
    disable_cpu_fallback: z.boolean().default(false).describe('Refuse a model of which a node would be left to the CPU.'),
  },
});
