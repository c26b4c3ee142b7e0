import type { RecipePass } from '../recipe/recipe.ts';
import type { LintFinding, LintRule } from './rule.ts';

/** Passes that quantise activations ahead of time, and the format and types they take by default. */
const STATIC_PASSES = ['OnnxStaticQuantization', 'OnnxQuantization'];
const DEFAULT_TYPE = 'int8';

/** Pairs and formats that ONNX Runtime's quantiser refuses when the pass runs: better known before any machine is asked. */
export const quantizationTypes: LintRule = {
  name: 'quantization-types',
  meaning: 'types that the quantiser refuses: int8 activations with uint8 weights, or 16-bit types in the QOperator format',
  remedy: 'uint8 activations with uint8 weights, or the QDQ format',
  check: (recipe) =>
    recipe.passes
      .filter(({ type, written }) => STATIC_PASSES.includes(type) && written['quant_mode'] !== 'dynamic')
      .flatMap((pass) => [...badPair(pass), ...badFormat(pass)]),
};

type Finding = Omit<LintFinding, 'rule'>;

function badPair(pass: RecipePass): readonly Finding[] {
  const [activation, weight] = [activationType(pass), weightType(pass)];
  if (activation !== 'int8' || weight !== 'uint8') return [];
  return [
    {
      path: pass.writtenAt['precision'] ?? pass.path,
      message: 'int8 activations with uint8 weights: the quantiser refuses this pair',
      advice: 'Make both signed or both unsigned.',
    },
  ];
}

function badFormat(pass: RecipePass): readonly Finding[] {
  const wide = [activationType(pass), weightType(pass)].find((type) => type.endsWith('int16'));
  if (wide === undefined || pass.written['quant_format'] !== 'QOperator') return [];
  return [
    {
      path: pass.writtenAt['quant_format'] ?? pass.path,
      message: `${wide} in the QOperator format: the quantiser takes 16-bit types in QDQ only`,
      advice: 'Set quant_format to "QDQ".',
    },
  ];
}

const activationType = (pass: RecipePass): string => typeOf(pass.written['activation_type']);
const weightType = (pass: RecipePass): string => typeOf(pass.written['precision'] ?? pass.written['weight_type']);

/** Older files write `QUInt8` for `uint8`. */
function typeOf(written: unknown): string {
  return typeof written === 'string' ? written.toLowerCase().replace(/^q/, '') : DEFAULT_TYPE;
}
