import type { RuleText } from './rule.ts';

/** Every rule that needs the model or the rows: a pass or the conversion finds it and its report carries it. What `--strict` refuses ends as `failed/lint`. */
export const MODEL_RULES = {
  'adapters-not-quantized': {
    meaning: 'the model has LoRA adapters, which quantisation leaves as it is, as Olive does',
    remedy: 'merge the adapters into the model first',
  },
  'bias-overflows': {
    meaning:
      'elements of a bias are beyond what 32 bits hold at the scale that its input and weight give it; it stays float, which an NPU may not take',
    remedy: 'leave the operator out of quantisation; leave `QDQDisableWeightAdjustForInt32Bias` off',
  },
  'dimension-matches-nothing': {
    meaning: 'DynamicToFixedShape names a dimension that no input, output or value has',
    remedy: 'correct the name; `grove inspect` shows the dimensions',
  },
  'fusion-matches-nothing': {
    meaning: 'a fusion is switched on and finds nothing although its operators are there',
    remedy: 'switch it off, or export the model in a form that is fused',
  },
  'head-dropped': {
    meaning: 'the checkpoint has a head that scores sequences, tokens or spans, and the task exports it without',
    remedy: 'the `--task` that the finding names',
  },
  'inputs-reordered': {
    meaning:
      'io_config lists the inputs in another order than the model takes them: PyTorch would name them by position, here each name is its own input',
    remedy: "list them in the model's order",
  },
  'mask-by-length': {
    meaning: 'fused attention takes the mask as a number of tokens per row: rows padded at their front are computed wrongly',
    remedy: 'pad at the end, or set `attention_mask_format` to 2',
  },
  'mask-dropped': {
    meaning: 'attention is fused without the mask it had, as `attention_mask_format` asks for',
    remedy: 'feed rows of equal length only, or set `attention_mask_format` to 2',
  },
  'metadata-missing': {
    meaning: 'VitisAIAddMetaData is told to write a key that the model config does not have',
    remedy: 'remove the key',
  },
  'model-type-unknown': {
    meaning: 'no optimizer knows the model type, so that OrtTransformersOptimization leaves the model as it is, as Olive does',
    remedy: 'set `model_type`, for example to bert for an encoder of that kind',
  },
  'name-matches-nothing': {
    meaning: 'a pass names an input, an output or a node that the model does not have',
    remedy: 'correct the name; `grove inspect` shows inputs and outputs',
  },
  'optimizer-left-out': {
    meaning: "ONNX Runtime's own optimiser was left out, since on this machine it would give another model than on the target",
    remedy: 'set `opt_level` to 0 or 1',
  },
  'option-of-other-models': {
    meaning: 'an optimizer option is on that is only read for other kinds of models',
    remedy: 'remove it',
  },
  'preprocessing-failed': {
    meaning: "ONNX Runtime's optimiser does not take the model, which was quantised unprepared",
    remedy: 'correct what the finding says, or set `quant_preprocess` to false',
  },
  'opset-unchanged': {
    meaning: 'OnnxOpVersionConversion names the operator set the model has already',
    remedy: 'remove the pass',
  },
  'pooler-missing': {
    meaning:
      'a feature extractor has no pooled output, because the checkpoint has no pooler; PyTorch would compute one from random weights',
    remedy: 'take the features from `last_hidden_state`',
  },
  'rows-repeat': {
    meaning: 'the rows a pass calibrates with hold the same tokens more than once: Olive takes rows in file order, not distinct texts',
    remedy: 'give more rows, or rows that differ',
  },
  'rows-run-out': {
    meaning: 'the data has fewer rows than `max_samples` asks for',
    remedy: 'give more rows, or ask for fewer',
  },
  'surgery-incomplete': {
    meaning: 'a surgery does part of what its arguments list',
    remedy: 'correct the names it did not find',
  },
  'surgery-matches-nothing': {
    meaning: 'a surgery finds nothing to change',
    remedy: 'remove it, or move it to where its pattern exists',
  },
  'tokenizer-exceeds-vocabulary': {
    meaning: 'the tokenizer knows ids that the embedding has no row for: they would read outside the table',
    remedy: "use the model's own tokenizer",
  },
  'values-limited': {
    meaning: 'constants beyond the largest magnitude were cut to it on the way to float16',
    remedy: 'check that they are masks; raise `max_finite_val` otherwise',
  },
  'values-raised': {
    meaning: 'non-zero constants below the smallest magnitude were raised to it on the way to float16',
    remedy: 'nothing for weights near zero; lower `min_positive_val` otherwise',
  },
} as const satisfies Record<string, RuleText>;

/** Name of a rule that needs the model. */
export type ModelRule = keyof typeof MODEL_RULES;
