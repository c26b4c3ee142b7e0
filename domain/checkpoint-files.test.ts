import { describe, expect, it } from 'vitest';
import { checkpointProblem } from './checkpoint-files.ts';

describe('a folder', () => {
  it.each([
    [['config.json', 'model.safetensors']],
    [['config.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors', 'model.safetensors.index.json']],
    [['config.json', 'model.safetensors', 'pytorch_model.bin', 'onnx', 'README.md']],
  ])('with %j is a checkpoint', (names) => {
    expect(checkpointProblem(names)).toBeUndefined();
  });

  it.each([
    [[], 'the folder is empty'],
    [['README.md'], 'it has no config.json'],
    [['net.onnx'], 'input_model.type to ONNXModel'],
    [['blobs', 'refs', 'snapshots'], 'below snapshots/'],
    [['adapter_config.json', 'adapter_model.safetensors'], 'merge it into its base model'],
    [['config.json'], 'neither model.safetensors nor model.safetensors.index.json'],
    [['config.json', 'model.onnx'], 'input_model.type to ONNXModel'],
    [['config.json', 'model-00001-of-00002.safetensors'], 'which tells what is in which file'],
    [['config.json', 'pytorch_model-00001-of-00002.bin'], 'safe_serialization=True'],
    [['config.json', 'model.ckpt'], 'can run code'],
    [['config.json', 'tf_model.h5'], 'from_tf=True'],
    [['config.json', 'flax_model.msgpack'], 'from_flax=True'],
    [['q4.gguf'], 'llama.cpp'],
  ])('with %j is none, and why is said', (names, problem) => {
    expect(checkpointProblem(names)).toContain(problem);
  });
});
