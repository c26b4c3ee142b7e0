import { expect, it } from 'vitest';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import { sha256 } from '../../platform/sha256.ts';
import { readModelArgument } from './model-argument.ts';

const QNN = 'QNNExecutionProvider';

it('makes a recipe without passes for the provider, on the kind of device it usually has', () => {
  const argument = readModelArgument(['models/net.onnx'], { ep: QNN, model: [] });
  expect(argument?.model).toMatch(/models.net\.onnx$/);
  const { recipe } = parseRecipe(argument?.recipe.text ?? '', { name: 'net.onnx.json', sha256 });
  expect(recipe).toMatchObject({
    inputModel: { type: 'ONNXModel', modelPath: 'net.onnx' },
    passes: [],
    target: { device: 'npu', ep: QNN },
  });
});

it('leaves recipes alone', () => {
  expect(readModelArgument(['a.json', 'b'], { model: ['m.onnx'] })).toBeUndefined();
});

it.each([
  ['a provider', ['net.onnx'], { model: [] }, /--ep/],
  ['no recipe beside it', ['net.onnx', 'a.json'], { ep: QNN, model: [] }, /alone/],
  ['no other model', ['net.onnx'], { ep: QNN, model: ['dir'] }, /without --model/],
  ['a model for a provider', ['a.json'], { ep: QNN, model: [] }, /belong to a MODEL.onnx/],
])('asks for %s', (_, recipes, options, problem) => {
  expect(() => readModelArgument(recipes, options)).toThrow(problem);
});
