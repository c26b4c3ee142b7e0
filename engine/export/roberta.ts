import { z } from 'zod';
import type { ExportTask } from '../../domain/passes/hf-model.ts';
import { intAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { int64Tensor, makeTensor } from '../graph/tensor.ts';
import { gelu } from './activations.ts';
import type { Architecture, EmittedOutput } from './architecture.ts';
import { bertShape, bertSizes } from './bert.ts';
import { emitEncoder, emitFeatures, encoderParameters, poolerParameters } from './bert-encoder.ts';
import {
  type Emission,
  emitGemm,
  emitLayerNorm,
  emitLinear,
  emitProjection,
  linearParameters,
  normParameters,
  type Parameter,
} from './emission.ts';
import { commonShape, type EncoderConfig, encoderConfig, invalidConfig, readConfig } from './encoder-config.ts';
import { emitSpanScores, emitTokenScores } from './heads.ts';
import { integer, type TraceValue } from './trace.ts';

const schema = z.looseObject({ ...bertShape, pad_token_id: commonShape.pad_token_id.default(1) });

/** RobertaModel and its task models, and the same under the names of XLM-RoBERTa and CamemBERT: positions count the tokens that are no padding. */
export const roberta: Architecture = {
  modelTypes: ['roberta', 'xlm-roberta', 'camembert'],
  encoderName: 'roberta',
  inputs: ['input_ids', 'attention_mask', 'token_type_ids'],
  config(checkpoint) {
    const parsed = readConfig(checkpoint, schema);
    const config = encoderConfig(checkpoint, bertSizes(parsed), parsed);
    const { padTokenId, positionCount } = config;
    if (padTokenId === null) throw invalidConfig(checkpoint, 'pad_token_id is null, but position ids count from it');
    if (padTokenId + 1 >= positionCount) {
      throw invalidConfig(checkpoint, `max_position_embeddings ${positionCount} leaves no position behind pad_token_id ${padTokenId}`);
    }
    return config;
  },
  maxSequence: ({ positionCount, padTokenId }) => positionCount - (padTokenId ?? 0) - 1,
  parameters: (config, task, prefix) => [...encoderParameters(config, prefix), ...headParameters(config, task, prefix)],
  emit: (emission) => emitHead(emission, emitEncoder(emission, emitPositions)),
};

/** The first token that is no padding has position pad + 1; padding itself has position pad. */
function emitPositions({ scope: encoder, config }: Emission, { ids }: { readonly ids: TraceValue }): TraceValue {
  const scope = encoder.in('embeddings');
  const padding = config.padTokenId ?? 0;
  const to = (dataType: DataType) => ({ attributes: { to: intAttribute(dataType) } });
  const isToken = scope.op('Cast', [scope.op('Not', [scope.equal(ids, padding)])], to(DataType.INT32));
  const axis = scope.constant(makeTensor(DataType.INT32, [], Int32Array.of(1)));
  const counts = scope.op('CumSum', [isToken, axis]);
  const places = scope.op('Cast', [scope.op('Mul', [counts, isToken])], to(DataType.INT64));
  return scope.op('Add', [places, scope.constant(int64Tensor([], [padding]))]);
}

function headParameters(config: EncoderConfig, task: ExportTask, prefix: string): readonly Parameter[] {
  const { hiddenSize: hidden, labelCount, vocabSize } = config;
  switch (task) {
    case 'feature-extraction':
      return poolerParameters(config, prefix);
    case 'text-classification':
      return [...linearParameters('classifier.dense', hidden, hidden), ...linearParameters('classifier.out_proj', hidden, labelCount)];
    case 'token-classification':
      return linearParameters('classifier', hidden, labelCount);
    case 'question-answering':
      return linearParameters('qa_outputs', hidden, 2);
    case 'fill-mask':
      return [
        ['lm_head.bias', [vocabSize]],
        ...linearParameters('lm_head.dense', hidden, hidden),
        ...normParameters('lm_head.layer_norm', hidden),
        ...(config.tiesEmbeddings ? [] : [['lm_head.decoder.weight', [vocabSize, hidden]] as const]),
      ];
  }
}

function emitHead(emission: Emission, hidden: TraceValue): readonly EmittedOutput[] {
  const { config } = emission;
  switch (emission.options.task) {
    case 'feature-extraction':
      return emitFeatures(emission, hidden);
    case 'text-classification':
      return [{ value: emitClassifier(emission, hidden), sizes: ['batch', config.labelCount] }];
    case 'token-classification':
      return emitTokenScores(emission, hidden);
    case 'question-answering':
      return emitSpanScores(emission, hidden);
    case 'fill-mask':
      return [{ value: emitPredictions(emission, hidden), sizes: ['batch', 'sequence', config.vocabSize] }];
  }
}

/** A classifier of two layers on the first token; it takes the place of BERT's pooler. */
function emitClassifier({ root }: Emission, hidden: TraceValue): TraceValue {
  const scope = root.in('classifier');
  const first = scope.op('Gather', [hidden, integer(0)], { attributes: { axis: intAttribute(1) } });
  const dense = scope.op('Tanh', [emitGemm(scope.in('dense'), first, 'classifier.dense')]);
  return emitGemm(scope.in('out_proj'), dense, 'classifier.out_proj');
}

/** The masked language model's head, always with GELU; the decoder's weights are the word embedding's. */
function emitPredictions(emission: Emission, hidden: TraceValue): TraceValue {
  const { config, options, prefix, root } = emission;
  const scope = root.in('lm_head');
  const dense = emitLinear(scope.in('dense'), hidden, 'lm_head.dense');
  const normed = emitLayerNorm(emission, scope.in('layer_norm'), { input: gelu(dense, { scope, ...options }), path: 'lm_head.layer_norm' });
  const weight = config.tiesEmbeddings ? `${prefix}embeddings.word_embeddings.weight` : 'lm_head.decoder.weight';
  return emitProjection(scope.in('decoder'), normed, { weight, bias: 'lm_head.bias' });
}
