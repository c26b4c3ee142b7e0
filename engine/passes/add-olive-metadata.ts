import { addOliveMetadata as manifest } from '../../domain/passes/add-olive-metadata.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import type { GraphPass, PassContext } from './pass.ts';
import { pythonText } from './python-text.ts';

type Params = ParamsOf<'AddOliveMetadata'>;

/** Names the graph and adds to the model's metadata, in Olive's order. */
export const addOliveMetadata: GraphPass<Params> = {
  kind: 'graph',
  manifest,
  async run(model, params, { modelAttributes }) {
    const entries = [...Object.entries(params.custom_metadata ?? {}).map(([key, value]) => [key, pythonText(value)] as const)];
    const known = entriesOf(modelAttributes, params);
    for (const [key, value] of [...entries, ...known]) model.metadata.set(key, value);
    model.graph.name = params.graph_name;
    return { model, report: { type: manifest.type, counts: { metadataEntries: entries.length + known.length }, findings: [] } };
  },
};

/** What the conversion knows of the model it started from. */
function entriesOf(attributes: PassContext['modelAttributes'], { add_optimization_info }: Params): readonly (readonly [string, string])[] {
  const { type, _name_or_path: name, optimization_passes: passes, hf_task: task, quantization_config: quantization } = attributes;
  const isHubModel = typeof type === 'string' && ['hfmodel', 'hf_model'].includes(type.toLowerCase());
  const origin: (readonly [string, string])[] = isHubModel && typeof name === 'string' && name !== '' ? [['hf_model_name', name]] : [];
  if (!add_optimization_info) return origin;
  return [
    ...origin,
    ...(passes === undefined
      ? []
      : [['optimization_passes', Array.isArray(passes) ? passes.map(pythonText).join(', ') : pythonText(passes)] as const]),
    ...(task === undefined ? [] : [['hf_task', pythonText(task)] as const]),
    ...(quantization === undefined ? [] : [['quantization_config', pythonText(quantization)] as const]),
  ];
}
