import type { BertConfig } from './bert-config.ts';
import type { Emission } from './bert-emission.ts';
import type { Weights } from './weights.ts';

/** Initializers in the exporter's order: parameters by module, then the transposed weights. */
export function addParameters(emission: Emission, weights: Weights, classifier: boolean): void {
  const { config, graph, names, prefix } = emission;
  const { hiddenSize: hidden, intermediateSize: inner } = config;
  const add = (name: string, dims: readonly number[]): void => graph.setInitializer(prefix + name, weights.parameter(name, dims));
  add('embeddings.word_embeddings.weight', [config.vocabSize, hidden]);
  add('embeddings.position_embeddings.weight', [config.positionCount, hidden]);
  add('embeddings.token_type_embeddings.weight', [config.tokenTypeCount, hidden]);
  add('embeddings.LayerNorm.weight', [hidden]);
  add('embeddings.LayerNorm.bias', [hidden]);
  for (let layer = 0; layer < config.layerCount; layer++) {
    const path = `encoder.layer.${layer}`;
    for (const part of ['self.query', 'self.key', 'self.value', 'output.dense']) add(`${path}.attention.${part}.bias`, [hidden]);
    add(`${path}.attention.output.LayerNorm.weight`, [hidden]);
    add(`${path}.attention.output.LayerNorm.bias`, [hidden]);
    add(`${path}.intermediate.dense.bias`, [inner]);
    add(`${path}.output.dense.bias`, [hidden]);
    add(`${path}.output.LayerNorm.weight`, [hidden]);
    add(`${path}.output.LayerNorm.bias`, [hidden]);
  }
  add('pooler.dense.weight', [hidden, hidden]);
  add('pooler.dense.bias', [hidden]);
  if (classifier) {
    graph.setInitializer('classifier.weight', weights.parameter('classifier.weight', [config.labelCount, hidden]));
    graph.setInitializer('classifier.bias', weights.parameter('classifier.bias', [config.labelCount]));
  }
  for (let layer = 0; layer < config.layerCount; layer++) {
    linearWeights(layer, config).forEach(([name, dims], index) => {
      graph.setInitializer(names.matMul(layer, index), weights.transposed(name, dims));
    });
  }
}

/** A layer's linear weights in trace order: PyTorch name and [out, in] shape. */
export function linearWeights(layer: number, config: BertConfig): [string, [number, number]][] {
  const { hiddenSize: hidden, intermediateSize: inner } = config;
  const path = `encoder.layer.${layer}`;
  return [
    [`${path}.attention.self.query.weight`, [hidden, hidden]],
    [`${path}.attention.self.key.weight`, [hidden, hidden]],
    [`${path}.attention.self.value.weight`, [hidden, hidden]],
    [`${path}.attention.output.dense.weight`, [hidden, hidden]],
    [`${path}.intermediate.dense.weight`, [inner, hidden]],
    [`${path}.output.dense.weight`, [hidden, inner]],
  ];
}
