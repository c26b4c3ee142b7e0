import { describe, expect, it } from 'vitest';
import { addOliveMetadata } from './add-olive-metadata.ts';
import { graphWith, modelOf, passContext } from './passes.cases.ts';

async function annotate(params: object, modelAttributes: Record<string, unknown> = {}) {
  const model = modelOf(graphWith({ x: [1] }));
  model.metadata.set('author', 'before').set('kept', 'yes');
  const context = { ...(await passContext()), modelAttributes };
  const { report } = await addOliveMetadata.run(model, addOliveMetadata.manifest.params.parse({ graph_name: 'main', ...params }), context);
  return { name: model.graph.name, metadata: Object.fromEntries(model.metadata), report };
}

describe('AddOliveMetadata', () => {
  it('names the graph and writes custom entries over those that are there', async () => {
    const { name, metadata, report } = await annotate({ custom_metadata: { author: 'me', version: 2, tags: ['a'] } });
    expect(name).toBe('main');
    expect(metadata).toEqual({ author: 'me', kept: 'yes', version: '2', tags: "['a']" });
    expect(report).toMatchObject({ counts: { metadataEntries: 3 }, findings: [] });
  });

  it('writes what the conversion knows, unless told not to', async () => {
    const attributes = {
      type: 'HfModel',
      _name_or_path: 'org/model',
      hf_task: 'text-classification',
      optimization_passes: ['A', 'B'],
      quantization_config: { bits: 4 },
    };
    expect((await annotate({}, attributes)).metadata).toEqual({
      author: 'before',
      kept: 'yes',
      hf_model_name: 'org/model',
      optimization_passes: 'A, B',
      hf_task: 'text-classification',
      quantization_config: "{'bits': 4}",
    });
    expect((await annotate({ add_optimization_info: false }, attributes)).metadata).toEqual({
      author: 'before',
      kept: 'yes',
      hf_model_name: 'org/model',
    });
  });

  it('writes nothing that is not known, and takes null for no entries', async () => {
    expect((await annotate({ custom_metadata: null }, { model_type: 'bert' })).metadata).toEqual({ author: 'before', kept: 'yes' });
  });

  it('needs a name for the graph', () => {
    expect(addOliveMetadata.manifest.params.safeParse({}).success).toBe(false);
  });
});
