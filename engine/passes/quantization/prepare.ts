import { GroveError } from '../../../domain/errors.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { preprocess, recordTypes } from '../../quantize/preprocess.ts';
import type { PassContext, PassFinding } from '../pass.ts';

/** A model ready to be quantised. */
export interface Prepared {
  readonly model: Model;
  readonly findings: readonly PassFinding[];
}

/** Preprocesses a model if that is asked for, and otherwise only learns its types. When preprocessing fails, the model is taken as it is, as in Olive. */
export async function prepare(
  model: Model,
  params: { readonly quant_preprocess: boolean },
  { runtime, scratch }: PassContext,
): Promise<Prepared> {
  if (params.quant_preprocess) {
    try {
      return { model: await preprocess(model, runtime, { scratch }), findings: [] };
    } catch (error) {
      if (!(error instanceof GroveError) || (error.code !== 'session-failed' && error.code !== 'invalid-onnx')) throw error;
      await recordTypes(model, runtime);
      const message = `preprocessing failed and the model was quantised as it is (${error.message})`;
      return { model, findings: [{ rule: 'preprocessing-failed', message, param: 'quant_preprocess' }] };
    }
  }
  await recordTypes(model, runtime);
  return { model, findings: [] };
}

const ADAPTER_INITIALIZER = /lora_[AB]/;
const ADAPTER_NODE = /[./](?:default(?:_0|_0_1|_1)?|lora_[AB])[./]MatMul(?:_Q4)?$/;

/** Whether a graph holds LoRA adapters, by the names exporters give them: Olive quantises no such model. */
export function hasAdapters({ initializers, nodes }: Graph): boolean {
  if ([...initializers.keys()].some((name) => ADAPTER_INITIALIZER.test(name))) return true;
  return [...nodes].some(({ opType, name }) => (opType === 'MatMul' || opType === 'MatMulNBits') && ADAPTER_NODE.test(name));
}

/** The finding of a model with adapters. */
export const ADAPTERS_KEPT: PassFinding = {
  rule: 'adapters-not-quantized',
  message: 'the model has LoRA adapters and was left as it is',
};
