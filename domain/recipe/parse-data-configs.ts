import { z } from 'zod';
import type { Json } from '../json.ts';
import { nearestName } from '../passes/nearest-name.ts';
import { type Findings, isJsonObject, jsonPath } from './findings.ts';
import { type FlatMember, flattenParameters, flatValues } from './flatten.ts';
import type { DataComponent, DataConfig, JsonObject, Tokenization } from './recipe.ts';

const NAME = /^[A-Za-z0-9_]+$/;

const CONTAINERS: ReadonlyMap<string, string> = new Map(
  [
    'DataContainer',
    'HuggingfaceContainer',
    'DummyDataContainer',
    'ImageDataContainer',
    'RawDataContainer',
    'TransformersDummyDataContainer',
    'TransformersPromptDummyDataContainer',
    'TransformersTokenDummyDataContainer',
    'WhisperDummyDataContainer',
  ].map((type) => [type.toLowerCase(), type]),
);

const OWN_MEMBERS = [
  'name',
  'type',
  'user_script',
  'script_dir',
  'load_dataset_config',
  'pre_process_data_config',
  'post_process_data_config',
  'dataloader_config',
];

/** Parameters of Olive's Hugging Face pre-process component; others are warned about and dropped. */
const PRE_PROCESS_PARAMETERS = [
  'model_name',
  'task',
  'trust_remote_code',
  'input_cols',
  'label_col',
  'max_samples',
  'padding',
  'truncation',
  'max_length',
  'is_split_into_words',
  'add_special_tokens',
  'align_labels',
  'kwargs',
];

/** Arguments of torch's DataLoader that a recipe can write in JSON, plus Olive's own. */
const DATALOADER_PARAMETERS = [
  'batch_size',
  'shuffle',
  'num_workers',
  'pin_memory',
  'drop_last',
  'timeout',
  'prefetch_factor',
  'persistent_workers',
  'pin_memory_device',
  'fields_no_batch',
];

const columns = z.union([z.string().transform((column) => [column]), z.array(z.string())]);

const sourceSchema = z.object({
  data_name: z.string().nullable().default(null),
  subset: z.string().nullable().default(null),
  split: z.string().default('validation'),
});

const preProcessSchema = z.object({
  input_cols: columns.nullable().default(null),
  label_col: z.string().nullable().default('label'),
  max_samples: z.number().int().positive().nullable().default(null),
  padding: z.union([z.boolean(), z.enum(['max_length', 'longest', 'do_not_pad'])]).default(true),
  truncation: z.union([z.boolean(), z.enum(['longest_first', 'do_not_truncate'])]).default(true),
  max_length: z.number().int().positive().max(1_000_000).nullable().default(null),
  add_special_tokens: z.boolean().default(true),
});

const dataloaderSchema = z.object({
  batch_size: z.number().int().positive().default(1),
  drop_last: z.boolean().default(false),
});

/** Reads `$.data_configs`: names must be unique and made of letters, digits and underscores. */
export function parseDataConfigs(value: Json | undefined, findings: Findings): readonly DataConfig[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    findings.refuse('$.data_configs', 'must be a list');
    return [];
  }
  const seen = new Set<string>();
  return value.flatMap((item: Json, index) => {
    const path = jsonPath('$.data_configs', index);
    if (!isJsonObject(item)) {
      findings.refuse(path, 'must be an object');
      return [];
    }
    const name = parseName(item['name'], { path: jsonPath(path, 'name'), seen, findings });
    const config = parseDataConfig(item, { name: name ?? '', path, findings });
    return name === undefined || config === undefined ? [] : [config];
  });
}

function parseName(
  value: Json | undefined,
  at: { readonly path: string; readonly seen: Set<string>; readonly findings: Findings },
): string | undefined {
  if (typeof value !== 'string' || !NAME.test(value)) {
    at.findings.refuse(at.path, 'must be a name of letters, digits and underscores');
    return undefined;
  }
  if (at.seen.has(value)) at.findings.refuse(at.path, `"${value}" is the name of an earlier data_config; names must be unique`);
  at.seen.add(value);
  return value;
}

interface Place {
  readonly name: string;
  readonly path: string;
  readonly findings: Findings;
}

function parseDataConfig(item: JsonObject, { name, path, findings }: Place): DataConfig | undefined {
  for (const key of Object.keys(item))
    if (!OWN_MEMBERS.includes(key)) findings.warn(jsonPath(path, key), 'unknown member of a data_config, ignored');
  const type = parseContainer(item['type'], jsonPath(path, 'type'), findings);
  const huggingface = type === 'HuggingfaceContainer';
  const component = (key: string, known: readonly string[] | null) => parseComponent(item[key], jsonPath(path, key), { known, findings });
  const load = component('load_dataset_config', null);
  const preProcess = component('pre_process_data_config', huggingface ? PRE_PROCESS_PARAMETERS : null);
  const postProcess = component('post_process_data_config', null);
  const dataloader = component('dataloader_config', DATALOADER_PARAMETERS);

  const source = readComponent(sourceSchema, load, { huggingface, findings });
  const rows = readComponent(preProcessSchema, preProcess, { huggingface, findings });
  const batches = readComponent(dataloaderSchema, dataloader, { huggingface: true, findings });
  if (type === undefined || source === undefined || rows === undefined || batches === undefined) return undefined;
  return {
    name,
    path,
    type,
    source: {
      dataset: source.data_name,
      subset: source.subset,
      split: source.split,
      dataFiles: load.component.params['data_files'] ?? null,
    },
    tokenization: tokenizationOf(rows),
    labelColumn: rows.label_col,
    batchSize: batches.batch_size,
    dropLast: batches.drop_last,
    load: load.component,
    preProcess: preProcess.component,
    postProcess: postProcess.component,
    dataloader: dataloader.component,
  };
}

/** Other containers hand their parameters to components that a script registers: what does not fit the schema is theirs, not a problem. */
function readComponent<T>(
  schema: z.ZodType<T>,
  { component, flat, path }: ParsedComponent,
  { huggingface, findings }: { readonly huggingface: boolean; readonly findings: Findings },
): T | undefined {
  if (!huggingface) return schema.safeParse(component.params).data ?? schema.parse({});
  return findings.read(schema, component.params, { path, members: flat });
}

function tokenizationOf(rows: z.output<typeof preProcessSchema>): Tokenization {
  const padding = rows.padding === true ? 'longest' : rows.padding === false || rows.padding === 'do_not_pad' ? 'none' : rows.padding;
  return {
    columns: rows.input_cols ?? [],
    maxSamples: rows.max_samples,
    padding,
    truncation: rows.truncation === true || rows.truncation === 'longest_first',
    maxLength: rows.max_length,
    addSpecialTokens: rows.add_special_tokens,
  };
}

function parseContainer(value: Json | undefined, path: string, findings: Findings): string | undefined {
  if (value === undefined || value === null) return 'DataContainer';
  const type = typeof value === 'string' ? CONTAINERS.get(value.toLowerCase()) : undefined;
  if (type !== undefined) return type;
  const nearest = typeof value === 'string' ? nearestName(value, [...CONTAINERS.values()]) : undefined;
  findings.refuse(path, `no data container is called ${JSON.stringify(value)}${nearest === undefined ? '' : `; perhaps "${nearest}"`}`);
  return undefined;
}

interface ParsedComponent {
  readonly component: DataComponent;
  readonly flat: ReadonlyMap<string, FlatMember>;
  readonly path: string;
}

/** `known` null: the component passes everything on (`datasets.load_dataset`), or is registered by a script. */
function parseComponent(
  value: Json | undefined,
  path: string,
  { known, findings }: { readonly known: readonly string[] | null; readonly findings: Findings },
): ParsedComponent {
  const object = findings.object(value, path);
  const written = object['type'];
  if (written !== undefined && written !== null && typeof written !== 'string')
    findings.refuse(jsonPath(path, 'type'), 'must name a component');
  const type = typeof written === 'string' ? written : null;
  const flat = new Map(flattenParameters(object, path, { nested: ['params', 'config'], own: ['type'], findings }));
  for (const [key, member] of flat) {
    if (known === null || type !== null || known.includes(key)) continue;
    findings.warn(member.path, 'unknown parameter of this data component, dropped as Olive does');
    flat.delete(key);
  }
  return { component: { type, params: flatValues(flat) }, flat, path };
}
