import type { Json } from '../json.ts';
import { nearestName } from '../passes/nearest-name.ts';
import { type Findings, jsonPath } from './findings.ts';
import { type FlatMember, flattenParameters } from './flatten.ts';
import type { InputModel } from './recipe.ts';

const MODEL_TYPES: ReadonlyMap<string, string> = new Map(
  [
    'CompositeModel',
    'DiffusersModel',
    'DistributedHfModel',
    'DistributedOnnxModel',
    'HfModel',
    'MultiTargetModel',
    'ONNXModel',
    'OpenVINOModel',
    'PyTorchModel',
    'QairtModel',
    'QNNModel',
    'SNPEModel',
    'TensorFlowModel',
  ].map((type) => [type.toLowerCase(), type]),
);

/** Members that Olive's model classes take beside type, path and task. */
const MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['HfModel', ['adapter_path', 'io_config', 'load_kwargs', 'model_attributes', 'test_model_config', 'test_model_path']],
  [
    'ONNXModel',
    [
      'constant_inputs_file_name',
      'external_initializers_file_name',
      'generative',
      'inference_settings',
      'model_attributes',
      'onnx_file_name',
      'use_ort_extensions',
    ],
  ],
]);

/** What Olive exports when an HfModel names no task. */
const DEFAULT_TASK = 'text-generation-with-past';

/** Reads `$.input_model`. What it returns means nothing when it reported a problem. */
export function parseInputModel(value: Json | undefined, findings: Findings): InputModel {
  const path = '$.input_model';
  if (value === undefined) findings.refuse(path, 'the recipe has no input_model');
  const object = findings.object(value, path);
  const type = value === undefined ? '' : parseType(object['type'], findings);
  const flat = new Map(flattenParameters(object, path, { nested: ['config'], own: ['type'], findings }));
  const text = (key: string): string | null => {
    const member = flat.get(key);
    flat.delete(key);
    if (member === undefined || member.value === null) return null;
    if (typeof member.value === 'string') return member.value;
    // An Azure ML model reference is an object; nothing here can read it.
    findings.refuse(member.path, 'must be text');
    return null;
  };
  const modelPath = text('model_path');
  const task = text('task') ?? DEFAULT_TASK;
  warnOfUnknown(type, flat, findings);
  const config = Object.fromEntries([...flat].map(([key, member]) => [key, member.value]));
  return { type, modelPath, task, config };
}

/** A misspelt member would change nothing without a word; Olive stops at it. */
function warnOfUnknown(type: string, members: ReadonlyMap<string, FlatMember>, findings: Findings): void {
  const known = MEMBERS.get(type);
  if (known === undefined) return;
  for (const [name, { path }] of members) {
    if (known.includes(name)) continue;
    findings.warn(path, () => {
      const nearest = nearestName(name, known);
      return `${type} has no member "${name}"${nearest === undefined ? '' : `; perhaps "${nearest}"`}`;
    });
  }
}

function parseType(value: Json | undefined, findings: Findings): string {
  const path = jsonPath('$.input_model', 'type');
  if (typeof value !== 'string') {
    findings.refuse(path, 'must name a model type, for example "HfModel"');
    return '';
  }
  const type = MODEL_TYPES.get(value.toLowerCase());
  if (type !== undefined) return type;
  const nearest = nearestName(value, [...MODEL_TYPES.values()]);
  findings.refuse(path, `no model type is called "${value}"${nearest === undefined ? '' : `; perhaps "${nearest}"`}`);
  return '';
}
