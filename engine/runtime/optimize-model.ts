import { readFile } from 'node:fs/promises';
import { GroveError } from '../../domain/errors.ts';
import type { Model } from '../graph/model.ts';
import type { ExternalData } from '../onnx/external-data.ts';
import { readModel } from '../onnx/read.ts';
import type { WrittenModel } from '../onnx/write.ts';
import type { InferenceRuntime } from './inference-runtime.ts';
import { SCRATCH_WEIGHTS, type ScratchModels, withScratch } from './scratch-models.ts';

/** What ONNX Runtime's own graph optimiser may do. */
export interface OptimizeOptions {
  /** Everything up to this level; `extended` and `all` give a graph for the CPU provider, with operators of `com.microsoft`. */
  readonly level: 'basic' | 'extended' | 'all';
  /** Optimisers to leave out, by ONNX Runtime's names (`ConstantSharing`, `MatMulAddFusion`); names it does not know are ignored by it. */
  readonly disabledOptimizers?: readonly string[];
  /** Where to write the model; absent: a folder of its own. */
  readonly scratch?: ScratchModels | undefined;
}

/**
 * The model as ONNX Runtime's graph optimiser leaves it: what a session of that level on the CPU provider would run. Weights are written once to
 * a temporary file and never read back: the result shares the bytes of every initializer that was not changed. The given model stays as it is,
 * except that its nodes may have been sorted; the result imports every operator set that ONNX Runtime has.
 *
 * Throws `session-failed` or `invalid-onnx` when ONNX Runtime does not accept the model.
 */
export async function optimizeModel(model: Model, runtime: InferenceRuntime, options: OptimizeOptions): Promise<Model> {
  return withScratch(options.scratch, async (scratch) => {
    const written = await scratch.write(model);
    const optimizedPath = scratch.path();
    await optimizeFile({ runtime, options, path: written.modelPath, optimizedPath });
    const optimized = readModel(await readFile(optimizedPath), { where: 'the optimised model', external: new HeldTensors(model, written) });
    renameShapes(optimized);
    return optimized;
  });
}

/** Names that ONNX Runtime gives the shapes in front of and behind a Gemm it makes. */
const GEMM_SHAPE = /^gemm_(?:input|output)_shape(?:_token_\d+)?$/;

/**
 * ONNX Runtime (1.25 and 1.30) gives these names again in the next session, whether or not the model has them, and then fails with "Attempt to replace the
 * existing tensor": what it optimised once could not be loaded when there is a MatMul with an Add left to fuse.
 */
function renameShapes({ graph }: Model): void {
  for (const name of [...graph.initializers.keys()].filter((candidate) => GEMM_SHAPE.test(candidate)))
    graph.renameValue(name, graph.freshName(`made_${name}`));
}

interface OptimizeFile {
  readonly runtime: InferenceRuntime;
  readonly options: OptimizeOptions;
  readonly path: string;
  readonly optimizedPath: string;
}

async function optimizeFile({ runtime, options, path, optimizedPath }: OptimizeFile): Promise<void> {
  const session = await runtime.createSession({
    model: { path },
    ep: 'CPUExecutionProvider',
    settings: {
      optimizationLevel: options.level,
      optimizedModelPath: optimizedPath,
      intraOpThreads: 1,
      quiet: true,
      config: {
        // Packed copies of the weights are for runs, of which there are none.
        'session.disable_prepacking': '1',
        'optimization.disable_specified_optimizers': (options.disabledOptimizers ?? []).join(';'),
      },
    },
  });
  await session.close();
}

/** The initializers that went to the data file, found again by the place that ONNX Runtime's result refers to. */
class HeldTensors implements ExternalData {
  readonly #byOffset = new Map<number, Uint8Array>();

  constructor(model: Model, written: WrittenModel) {
    for (const [name, { offset }] of written.places) {
      const tensor = model.graph.initializers.get(name);
      if (tensor !== undefined) this.#byOffset.set(offset, tensor.bytes);
    }
  }

  read: ExternalData['read'] = ({ location, offset }, expectedBytes, where) => {
    const bytes = location === SCRATCH_WEIGHTS ? this.#byOffset.get(offset) : undefined;
    if (bytes?.length === expectedBytes) return bytes;
    throw new GroveError('invalid-onnx', {
      where,
      problem: `ONNX Runtime refers to byte ${offset} of "${location}", where no weight begins`,
    });
  };
}
