import { floatAttribute, intAttribute } from '../../graph/attribute.ts';
import { isOverLastAxis } from './last-axis.ts';
import { any, commutative, constant, either, type Match, op, type Pattern, scalar } from './pattern.ts';
import { scalarOf } from './scalar.ts';
import type { Scene } from './scene.ts';

/** A larger one is no guard against division by zero but part of a model. */
const MAX_EPSILON = 1e-4;

const x = any('x');
const two = scalar(2);
const gamma = constant('gamma', ({ dims }) => dims.length === 1);
const beta = constant('beta', ({ dims }) => dims.length === 1);
const epsilon = constant('epsilon', (tensor) => {
  const value = scalarOf(tensor);
  return value !== undefined && value > 0 && value <= MAX_EPSILON;
});

/** Mixed precision computes the middle in float32. */
const maybeCast = (pattern: Pattern): Pattern => either(pattern, op('Cast', [pattern]));
const mean = (value: Pattern, as: string): Pattern => op('ReduceMean', [value], { as, more: true });
const square = (value: Pattern): Pattern => either(op('Pow', [value, two]), op('Mul', [value, value]));
const deviation = (power: Pattern): Pattern => op('Sqrt', [commutative('Add', mean(power, 'variance'), epsilon)]);

const centred = op('Sub', [x, mean(x, 'mean')]);
const inverse = (value: Pattern): Pattern => either(op('Reciprocal', [value]), op('Div', [scalar(1), value]));

/** As PyTorch writes it: `(x - mean) / √(variance + ε) · γ + β`. */
const divided: Pattern = commutative(
  'Add',
  commutative('Mul', maybeCast(op('Div', [maybeCast(centred), deviation(square(maybeCast(centred)))])), gamma),
  beta,
);

const scale: Pattern = commutative('Mul', inverse(deviation(square(centred))), gamma);

/** As TensorFlow writes it: `x · s + (β - mean · s)` with `s = γ / √(variance + ε)`. */
const scaled: Pattern = commutative('Add', commutative('Mul', x, scale), op('Sub', [beta, commutative('Mul', mean(x, 'mean'), scale)]));

/** Root mean square normalisation: `x / √(mean(x²) + ε) · γ`. */
const simplified: Pattern = commutative(
  'Mul',
  either(op('Div', [x, deviation(square(x))]), commutative('Mul', x, inverse(deviation(square(x))))),
  gamma,
);

/** Normalisations written out become one `LayerNormalization`. Returns how many. */
export function fuseLayerNorm(scene: Scene): number {
  return scene.forEach(['Add'], (node) => {
    const [output = ''] = node.outputs;
    const match = scene.find(output, either(divided, scaled), (found) => isNormalization(scene, found, output));
    if (match === undefined) return false;
    const inputs = [match.value('x'), match.value('gamma'), match.value('beta')];
    scene.replace(match.nodes, { opType: 'LayerNormalization', inputs, outputs: [output], attributes: epsilonOf(scene, match) });
    return true;
  });
}

/** Normalisations without mean become one `SimplifiedLayerNormalization`. Returns how many. */
export function fuseSimplifiedLayerNorm(scene: Scene): number {
  return scene.forEach(['Mul'], (node) => {
    const [output = ''] = node.outputs;
    const match = scene.find(output, simplified, (found) => isNormalization(scene, found, output));
    if (match === undefined) return false;
    const attributes = { ...epsilonOf(scene, match), axis: intAttribute(-1), stash_type: intAttribute(1) };
    const inputs = [match.value('x'), match.value('gamma')];
    scene.replace(match.nodes, { opType: 'SimplifiedLayerNormalization', inputs, outputs: [output], attributes });
    return true;
  });
}

/** One operator does the same only over the last axis, with parameters of that axis's length and the type of the value. */
function isNormalization(scene: Scene, match: Match, output: string): boolean {
  const input = match.value('x');
  const parameters = ['gamma', 'beta'].flatMap((name) => (match.has(name) ? [scene.constantOf(match.value(name))] : []));
  const length = scene.shapes.dimsOf(input)?.at(-1);
  return (
    scene.isFloat(input) &&
    ['mean', 'variance'].every((name) => match.nodesCalled(name).every((node) => isOverLastAxis(scene, node))) &&
    parameters.every((tensor) => tensor?.dataType === scene.shapes.dataTypeOf(input) && tensor?.dims[0] === length) &&
    scene.isSelfContained(match.nodes, [output])
  );
}

function epsilonOf(scene: Scene, match: Match) {
  const tensor = scene.constantOf(match.value('epsilon'));
  return { epsilon: floatAttribute((tensor && scalarOf(tensor)) ?? 0) };
}
