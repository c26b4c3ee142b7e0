import { describe, expect, it } from 'vitest';
import { chooseGraph, filesOfGraph } from './choose-graph.ts';

const model = (config: Record<string, string> = {}, modelPath: string | null = null) => ({ modelPath, config });

describe('the graph of a folder', () => {
  it.each([
    ['the only one', model(), ['a/vit.onnx', 'config.json'], 'a/vit.onnx'],
    ['the usual one among several', model(), ['model.onnx', 'model_fp16.onnx'], 'model.onnx'],
    ['the usual one of a hub repository', model(), ['onnx/model.onnx', 'onnx/model_fp16.onnx'], 'onnx/model.onnx'],
    ['the one that the path names', model({}, 'models/net.onnx'), ['net.onnx', 'model.onnx'], 'net.onnx'],
    ['the one that the path names the Windows way', model({}, 'models\\net.onnx'), ['net.onnx', 'model.onnx'], 'net.onnx'],
    ['the one that onnx_file_name names', model({ onnx_file_name: 'sub/b.onnx' }), ['model.onnx', 'sub/b.onnx'], 'sub/b.onnx'],
    ['the only one beside the one to compare with', model(), ['grove_reference/net.onnx', 'net_int8.onnx'], 'net_int8.onnx'],
    ['one with capitals', model(), ['NET.ONNX'], 'NET.ONNX'],
  ])('is %s', (_, chosen, paths, graph) => {
    expect(chooseGraph(chosen, paths)).toEqual({ graph });
  });

  it.each([
    ['there is none', model(), ['config.json'], 'it has no .onnx file'],
    ['there are several', model(), ['b.onnx', 'a.onnx'], "it has a.onnx, b.onnx; name one with onnx_file_name in the recipe's input_model"],
    ['the named one is not there', model({ onnx_file_name: 'x.onnx' }), ['a.onnx'], 'it has no x.onnx; it has a.onnx'],
  ])('cannot be told when %s', (_, chosen, paths, problem) => {
    expect(chooseGraph(chosen, paths)).toEqual({ problem });
  });

  it('is asked for with a list that ends', () => {
    const paths = Array.from({ length: 50 }, (_, index) => `${index}.onnx`);
    expect(chooseGraph(model(), paths)).toEqual({ problem: expect.stringContaining('and 30 more') });
  });
});

describe('the files of a graph', () => {
  it.each([
    [
      'begin with its name',
      'model.onnx',
      ['model.onnx', 'model.onnx.data', 'model.onnx_data_1', 'model2.onnx', 'x.data'],
      ['model.onnx', 'model.onnx.data', 'model.onnx_data_1'],
    ],
    [
      'or look like weights when it is the only graph',
      'net.onnx',
      ['net.onnx', 'weights.pb', 'pytorch_model.bin', 'README.md'],
      ['net.onnx', 'weights.pb'],
    ],
    [
      'and lie beside it',
      'onnx/model.onnx',
      ['onnx/model.onnx', 'onnx/model.onnx_data', 'other.onnx', 'model.bin'],
      ['onnx/model.onnx', 'onnx/model.onnx_data'],
    ],
  ])('%s', (_, graph, paths, files) => {
    expect(filesOfGraph(graph, paths)).toEqual(files);
  });
});
