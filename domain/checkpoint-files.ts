/** The weights of a checkpoint in one file, and the index of weights in several. */
export const WEIGHTS_FILE = 'model.safetensors';
export const WEIGHTS_INDEX_FILE = 'model.safetensors.index.json';

/** Names of files that hold a framework's weights, with how to get safetensors of them. */
const OTHER_WEIGHTS: readonly (readonly [RegExp, string])[] = [
  [
    /^pytorch_model.*\.bin$|\.(?:pt|pth|ckpt)$/,
    'holds its weights as a Python pickle, which can run code when it is read and is therefore not read; load it once with transformers and write it with save_pretrained(folder, safe_serialization=True)',
  ],
  [
    /^tf_model\.h5$/,
    'holds the weights of TensorFlow; load it with transformers (from_tf=True) and write it with save_pretrained(folder, safe_serialization=True)',
  ],
  [
    /^flax_model\.msgpack$/,
    'holds the weights of Flax; load it with transformers (from_flax=True) and write it with save_pretrained(folder, safe_serialization=True)',
  ],
];

/**
 * Why the files and folders of these names in one folder are no Hugging Face checkpoint, as a sentence with the way out where there is one; undefined
 * when they are.
 */
export function checkpointProblem(names: readonly string[]): string | undefined {
  if (names.length === 0) return 'the folder is empty';
  if (!names.includes('config.json')) return `it has no config.json${insteadOfConfig(names)}`;
  if (names.includes(WEIGHTS_FILE) || names.includes(WEIGHTS_INDEX_FILE)) return undefined;
  const [shard] = names.filter((name) => name.endsWith('.safetensors'));
  if (shard !== undefined)
    return `it has ${shard} but neither ${WEIGHTS_FILE} nor ${WEIGHTS_INDEX_FILE}, which tells what is in which file`;
  for (const [pattern, advice] of OTHER_WEIGHTS) {
    const found = names.find((name) => pattern.test(name));
    if (found !== undefined) return `it has no ${WEIGHTS_FILE}; ${found} ${advice}`;
  }
  const graph = names.find(isGraph);
  const advice = graph === undefined ? '' : `; to convert ${graph} set the recipe's input_model.type to ONNXModel`;
  return `it has neither ${WEIGHTS_FILE} nor ${WEIGHTS_INDEX_FILE}${advice}`;
}

function insteadOfConfig(names: readonly string[]): string {
  const graph = names.find(isGraph);
  if (graph !== undefined) return `; to convert ${graph} set the recipe's input_model.type to ONNXModel`;
  if (names.includes('snapshots')) return '; it is a repository of a Hugging Face cache: name the folder of a revision below snapshots/';
  const llama = names.find((name) => name.endsWith('.gguf'));
  if (llama !== undefined) return `; ${llama} holds weights of llama.cpp, which do not convert`;
  if (names.includes('adapter_config.json')) return '; it is an adapter: merge it into its base model first (merge_and_unload)';
  return '';
}

function isGraph(name: string): boolean {
  return name.toLowerCase().endsWith('.onnx');
}
