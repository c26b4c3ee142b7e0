import { GroveError } from '../../domain/errors.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import { vitisAIAddMetaData as manifest } from '../../domain/passes/vitis-ai-add-meta-data.ts';
import type { GraphPass, PassContext, PassFinding } from './pass.ts';

type Params = ParamsOf<'VitisAIAddMetaData'>;

/** VitisAI's spelling of the types. */
const DTYPES: Readonly<Record<NonNullable<Params['activation_type']>, string>> = {
  int4: 'Int4',
  uint4: 'UInt4',
  int8: 'QInt8',
  uint8: 'QUInt8',
  int16: 'QInt16',
  uint16: 'QUInt16',
};

/** Adds to the model's metadata and replaces entries of the same key; the graph stays as it is. */
export const vitisAIAddMetaData: GraphPass<Params> = {
  kind: 'graph',
  manifest,
  async run(model, params, { modelAttributes }) {
    if (Object.keys(modelAttributes).length === 0) {
      const problem = 'nothing is known of the model the graph was made from; it needs OnnxConversion before it';
      throw new GroveError('pass-failed', { type: manifest.type, problem });
    }
    const { entries, findings } = entriesOf(params, modelAttributes);
    for (const [key, value] of entries) model.metadata.set(key, value);
    return { model, report: { type: manifest.type, counts: { metadataEntries: entries.length }, findings } };
  },
};

function entriesOf(
  { config_meta_data_keys, activation_type, weight_type, quant_type }: Params,
  attributes: PassContext['modelAttributes'],
): { readonly entries: readonly (readonly [string, string])[]; readonly findings: readonly PassFinding[] } {
  const findings: PassFinding[] = [];
  const facts = config_meta_data_keys.flatMap((key, index): (readonly [string, string])[] => {
    const text = pythonText(attributes[key]);
    if (text !== undefined) return [[key, text]];
    const message = `the model's configuration has no "${key}" that can be written as text`;
    findings.push({ rule: 'metadata-missing', message, param: 'config_meta_data_keys', member: `[${index}]` });
    return [];
  });
  const entries: (readonly [string, string])[] = [
    ...facts,
    ...(activation_type === null ? [] : [['activation_dtype', DTYPES[activation_type]] as const]),
    ...(weight_type === null ? [] : [['weight_dtype', DTYPES[weight_type]] as const]),
    ...(quant_type === null || quant_type === '' ? [] : [['quant_type', quant_type] as const]),
  ];
  return { entries, findings };
}

/** A plain value or a list of such as Python writes them; undefined for what is absent or has members of its own. */
function pythonText(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const parts = value.map((element: unknown) => (element === null ? 'None' : plainText(element)));
    return parts.every((part) => part !== undefined) ? parts.join(', ') : undefined;
  }
  return plainText(value);
}

function plainText(value: unknown): string | undefined {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
