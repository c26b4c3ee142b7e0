import { describe, expect, it } from 'vitest';
import type { Model } from '../graph/model.ts';
import type { PassReport } from './pass.ts';
import { graphWith, modelOf, passContext } from './passes.cases.ts';
import { vitisAIAddMetaData } from './vitis-ai-add-meta-data.ts';

const BERT = { architectures: ['BertForSequenceClassification'], model_type: 'bert', num_labels: 1, tie: true, none: null, deep: { a: 1 } };

async function annotate(model: Model, params: object = {}, modelAttributes: Record<string, unknown> = BERT): Promise<PassReport> {
  const context = { ...(await passContext()), modelAttributes };
  return (await vitisAIAddMetaData.run(model, vitisAIAddMetaData.manifest.params.parse(params), context)).report;
}

const metadataOf = ({ metadata }: Model): Record<string, string> => Object.fromEntries(metadata);
const model = () => modelOf(graphWith({}));

describe('VitisAIAddMetaData', () => {
  it('writes what Olive writes for the AMD recipe, beside what is there', async () => {
    const annotated = model();
    annotated.metadata.set('onnx.infer', 'onnxruntime.quant').set('model_type', 'old');
    const { counts, findings } = await annotate(annotated, {
      activation_type: 'uint16',
      weight_type: 'uint8',
      quant_type: 'OnnxStaticQuantization',
    });
    expect([...annotated.metadata]).toEqual([
      ['onnx.infer', 'onnxruntime.quant'],
      ['model_type', 'bert'],
      ['architectures', 'BertForSequenceClassification'],
      ['activation_dtype', 'QUInt16'],
      ['weight_dtype', 'QUInt8'],
      ['quant_type', 'OnnxStaticQuantization'],
    ]);
    expect([counts, findings]).toEqual([{ metadataEntries: 5 }, []]);
  });

  it('leaves types out that are not given, and an empty quantisation type', async () => {
    const plain = model();
    await annotate(plain);
    expect(metadataOf(plain)).toEqual({ architectures: 'BertForSequenceClassification', model_type: 'bert', quant_type: 'NA' });
    const empty = model();
    await annotate(empty, { config_meta_data_keys: [], quant_type: '' });
    expect(metadataOf(empty)).toEqual({});
  });

  it.each([
    ['int4', 'Int4'],
    ['uint4', 'UInt4'],
    ['int8', 'QInt8'],
    ['uint8', 'QUInt8'],
    ['int16', 'QInt16'],
    ['uint16', 'QUInt16'],
  ])('spells %s as %s', async (type, spelling) => {
    const annotated = model();
    await annotate(annotated, { activation_type: type, weight_type: type });
    expect(metadataOf(annotated)).toMatchObject({ activation_dtype: spelling, weight_dtype: spelling });
  });

  it('refuses a type VitisAI has no name for', () => {
    expect(vitisAIAddMetaData.manifest.params.safeParse({ activation_type: 'fp16' }).success).toBe(false);
  });

  it('writes plain values as Python does, and says which keys it left out', async () => {
    const annotated = model();
    const keys = ['num_labels', 'tie', 'absent', 'none', 'deep', 'list'];
    const { findings } = await annotate(annotated, { config_meta_data_keys: keys }, { ...BERT, list: [1, false, null, 'x'] });
    expect(metadataOf(annotated)).toEqual({ num_labels: '1', tie: 'True', list: '1, False, None, x', quant_type: 'NA' });
    expect(findings.map(({ rule, member }) => `${rule} ${member}`)).toEqual([
      'metadata-missing [2]',
      'metadata-missing [3]',
      'metadata-missing [4]',
    ]);
  });

  it('refuses a model of which nothing is known', async () => {
    await expect(annotate(model(), {}, {})).rejects.toMatchObject({ code: 'pass-failed' });
  });
});
