import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResolveSpec } from '../../domain/task.ts';
import { COMMIT, HubServer } from '../hub/hub-server.cases.ts';
import { CHILD_STAGES } from '../runner/child-stages.ts';
import { stageContext } from '../runner/task-context.cases.ts';
import { BlobServer } from '../transfer/blob-server.cases.ts';
import { resolveSource } from './resolve.ts';
import { uploadSource } from './upload-source.ts';

const MODEL = 'cross-encoder/tiny';
const RECIPE = new URL('../../recipes/ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_trtrtx.json', import.meta.url);

const PREMISES = Array.from({ length: 30 }, (_, row) => `premise ${row}`);

/** Rows of `text`, with a column beside it that nobody asks for and that is far larger. */
function wideParquet(from: number, rows: number): Buffer {
  const texts = Array.from({ length: rows }, (_, row) => `text ${from + row}`);
  const columnData = [
    { name: 'html', data: texts.map((text, row) => `${text} ${row * 7919}`.repeat(400)), type: 'STRING' as const },
    { name: 'text', data: texts, type: 'STRING' as const },
  ];
  return Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 50, codec: 'UNCOMPRESSED' }));
}

function xnliParquet(): Buffer {
  const columnData = [
    { name: 'premise', data: PREMISES, type: 'STRING' as const },
    { name: 'hypothesis', data: PREMISES.map((text) => `not ${text}`), type: 'STRING' as const },
    { name: 'label', data: PREMISES.map((_, row) => BigInt(row % 3)), type: 'INT64' as const },
  ];
  return Buffer.from(parquetWriteBuffer({ columnData }));
}

describe('resolving from a hub', () => {
  let folder = '';
  let hub: HubServer;
  let store: BlobServer;
  let lines: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-resolve-'));
    const files = {
      'config.json': '{}',
      'tokenizer.json': '{"model":{}}',
      'model.safetensors': Buffer.alloc(1_000, 7),
      'pytorch_model.bin': 'pickle',
      'onnx/model.onnx': 'graph',
      'README.md': '#',
    };
    hub = await HubServer.start([
      { kind: 'model', name: MODEL, files },
      { kind: 'dataset', name: 'facebook/xnli', files: { 'en/validation/0000.parquet': xnliParquet(), 'en/test/0000.parquet': 'other' } },
      {
        kind: 'dataset',
        name: 'org/wide',
        files: { 'en/validation/0000.parquet': wideParquet(0, 120), 'en/validation/0001.parquet': wideParquet(120, 120) },
      },
      {
        kind: 'model',
        name: 'org/exported',
        files: {
          'config.json': '{}',
          'onnx/model.onnx': 'graph',
          'onnx/model.onnx_data': 'weights',
          'onnx/model_quantized.onnx': 'other',
          'model.safetensors': 'w',
        },
      },
      { kind: 'model', name: 'org/pickled', files: { 'config.json': '{}', 'pytorch_model.bin': 'pickle' } },
    ]);
    store = await BlobServer.start();
    lines = [];
  });
  afterEach(async () => {
    await Promise.all([hub.stop(), store.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  const context = (signal?: AbortSignal) =>
    stageContext({
      folder,
      hubUrl: hub.url,
      lines,
      stages: CHILD_STAGES,
      grants: (direction, blobs) => store.grants(direction, blobs),
      ...(signal && { signal }),
    });

  async function spec(change: Partial<ResolveSpec> = {}): Promise<ResolveSpec> {
    const recipe = { recipeId: 'trtrtx', digest: '0'.repeat(64), text: await readFile(RECIPE, 'utf8') };
    return { kind: 'resolve', modelId: MODEL, revision: null, recipe, localData: {}, localFiles: {}, ...change };
  }

  it("pins the revision and fetches what a conversion reads, with the agent's token", async () => {
    const resolved = await resolveSource(await spec(), await context());
    expect(resolved.revision).toBe(COMMIT);
    expect(Object.keys(resolved.files).sort()).toEqual(['config.json', 'data/imported/xnli.jsonl', 'model.safetensors', 'tokenizer.json']);
    expect([...hub.tokens]).toEqual(['Bearer hf_test']);
    expect(lines.join()).not.toContain('hf_test');
  });

  it('selects the rows and the columns that the data config reads, and their label', async () => {
    const resolved = await resolveSource(await spec(), await context());
    const rows = (await readFile(resolved.files['data/imported/xnli.jsonl'] ?? '', 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(rows).toEqual(PREMISES.slice(0, 10).map((premise, row) => ({ premise, label: row % 3 })));
    expect(resolved.data).toEqual({ xnli: { path: 'data/imported/xnli.jsonl', origin: 'hub' } });
  });

  it('reads every file of a data set at the one commit that its branch stood at, and says which', async () => {
    const services = await context();
    const { origin } = await uploadSource(await resolveSource(await spec(), services), services);
    expect(origin).toEqual({ kind: 'hub', id: MODEL, revision: COMMIT, dataRevisions: { xnli: COMMIT } });
    const asked = hub.requests.filter((path) => path.includes('facebook/xnli'));
    expect(asked.filter((path) => path.includes('refs/convert/parquet'))).toEqual([
      '/api/datasets/facebook/xnli/revision/refs/convert/parquet',
    ]);
    expect(asked.filter((path) => path.includes('/resolve/')).every((path) => path.includes(`/resolve/${COMMIT}/`))).toBe(true);
  });

  it('keeps rows of the hub apart from a file that the submitter gave their name', async () => {
    const rows = { sha256: 'd'.repeat(64), sizeBytes: 5 };
    const local = { localData: { other: { path: 'data/xnli.jsonl', origin: 'local' as const } }, localFiles: { 'data/xnli.jsonl': rows } };
    const services = await context();
    const { source } = await uploadSource(await resolveSource(await spec(local), services), services);
    expect(source.files['data/xnli.jsonl']).toEqual(rows);
    expect(source.files['data/imported/xnli.jsonl']).not.toEqual(rows);
  });

  it('reads rows in no process but one of their own', async () => {
    const services = await context();
    const inChild: (typeof services)['inChild'] = ({ stage }) => Promise.reject(new Error(`asked for ${stage}`));
    await expect(resolveSource(await spec(), { ...services, inChild })).rejects.toThrow('asked for rows');
  });

  it('leaves the data set alone that the submitter replaced, and joins both sources', async () => {
    const rows = { sha256: 'd'.repeat(64), sizeBytes: 5 };
    const local = { localData: { xnli: { path: 'data/mine.jsonl', origin: 'local' as const } }, localFiles: { 'data/mine.jsonl': rows } };
    const services = await context();
    const result = await uploadSource(await resolveSource(await spec(local), services), services);
    expect(hub.requests.some((path) => path.includes('xnli'))).toBe(false);
    expect(result).toMatchObject({
      kind: 'resolve',
      source: { data: local.localData },
      origin: { kind: 'hub', id: MODEL, revision: COMMIT },
    });
    expect(result.source.files['data/mine.jsonl']).toEqual(rows);
    expect(store.blobs.has(result.source.files['model.safetensors']?.sha256 ?? '')).toBe(true);
  });

  it.each(['model.safetensors', 'config.json'])('refuses %s when it arrives damaged', async (path) => {
    hub.damaged.set(path, path === 'config.json' ? Buffer.from('[]') : Buffer.alloc(1_000, 8));
    await expect(resolveSource(await spec(), await context())).rejects.toMatchObject({
      code: 'model-access',
      message: expect.stringContaining(`${path} arrived damaged`),
    });
  });

  it('stops at once when its task is cancelled while the hub does not answer', async () => {
    const controller = new AbortController();
    hub.silent = true;
    const resolving = expect(resolveSource(await spec(), await context(controller.signal))).rejects.toThrow('cancelled');
    await expect.poll(() => hub.requests.length).toBe(1);
    controller.abort(new Error('cancelled'));
    await resolving;
  });

  it('says when a model is not there, or has no weights it reads', async () => {
    await expect(resolveSource(await spec({ modelId: 'no/such' }), await context())).rejects.toMatchObject({
      code: 'model-access',
      message: expect.stringContaining('404'),
    });
    await expect(resolveSource(await spec({ modelId: 'org/pickled' }), await context())).rejects.toMatchObject({
      code: 'model-access',
      message: expect.stringContaining('no model.safetensors'),
    });
  });

  it('says what to do about a data set it cannot read', async () => {
    const given = await spec();
    const recipe = { ...given.recipe, text: given.recipe.text.replaceAll('facebook/xnli', 'facebook/other') };
    await expect(resolveSource({ ...given, recipe }, await context())).rejects.toMatchObject({
      code: 'unsupported-data',
      spec: { advice: expect.stringContaining('--data') },
    });
  });

  const changed = async (edit: (document: Record<string, unknown>) => void): Promise<ResolveSpec['recipe']> => {
    const { recipe } = await spec();
    const document: Record<string, unknown> = JSON.parse(recipe.text);
    edit(document);
    return { ...recipe, text: JSON.stringify(document) };
  };

  it('reads rows across files, fetching only the row groups and columns in question', async () => {
    const { recipe } = await spec();
    const text = recipe.text.replaceAll('facebook/xnli', 'org/wide').replaceAll('"premise"', '"text"');
    const wide = { ...recipe, text: text.replaceAll('"max_samples": 10', '"max_samples": 130') };
    const resolved = await resolveSource(await spec({ recipe: wide }), await context());
    const rows = (await readFile(resolved.files['data/imported/xnli.jsonl'] ?? '', 'utf8')).trim().split('\n');
    expect(rows.map((line) => JSON.parse(line) as unknown)).toEqual(Array.from({ length: 130 }, (_, row) => ({ text: `text ${row}` })));
    expect(hub.servedBytes).toBeLessThan((wideParquet(0, 120).length * 2) / 4);
  });

  describe('of an imported model', () => {
    const weights = { sha256: 'a'.repeat(64), sizeBytes: 9 };
    const imported = { revision: null, modelFiles: { 'model.safetensors': weights } };
    const needy = () => readFile(new URL('ms-marco-MiniLM-L-6-v2_qdq_qnn.json', RECIPE), 'utf8');

    it('fetches rows and nothing else, and joins them with the files that are there', async () => {
      const services = await context();
      const { source, origin } = await uploadSource(await resolveSource(await spec(imported), services), services);
      expect(Object.keys(source.files).sort()).toEqual(['data/imported/xnli.jsonl', 'model.safetensors']);
      expect(source.files['model.safetensors']).toEqual(weights);
      expect(origin).toEqual({ kind: 'hub', id: MODEL, revision: '0'.repeat(40), dataRevisions: { xnli: COMMIT } });
      expect(hub.requests.filter((path) => path.includes(MODEL))).toEqual([]);
    });

    it('goes on without rows that only tell its quality, and says so', async () => {
      const given = await spec(imported);
      const recipe = { ...given.recipe, text: given.recipe.text.replaceAll('facebook/xnli', 'facebook/other') };
      const resolved = await resolveSource({ ...given, recipe }, await context());
      expect([resolved.data, resolved.files]).toEqual([{}, {}]);
      expect(lines.join('\n')).toContain('xnli: quality is not measured');
    });

    it('says what to import when a pass needs rows that cannot be fetched, also where the hub is off', async () => {
      const given = await spec(imported);
      const text = (await needy()).replaceAll('Intel/WikiQA', 'no/such').replaceAll('facebook/xnli', 'no/such');
      const services = await context();
      const off = { ...services, config: { ...services.config, hub: { ...services.config.hub, isOff: true } } };
      for (const where of [services, off])
        await expect(resolveSource({ ...given, recipe: { ...given.recipe, text } }, where)).rejects.toMatchObject({
          code: 'unsupported-data',
          message: expect.stringContaining('grove data import FILE --dataset no/such'),
        });
    });
  });

  it("imports a repository's own ONNX model with the data beside it", async () => {
    const recipe = await changed((document) =>
      Object.assign(document, { input_model: { type: 'ONNXModel', task: 'text-classification' } }),
    );
    const resolved = await resolveSource(await spec({ modelId: 'org/exported', recipe }), await context());
    const names = Object.keys(resolved.files).filter((path) => !path.startsWith('data/'));
    expect(names.sort()).toEqual(['config.json', 'onnx/model.onnx', 'onnx/model.onnx_data']);
  });

  it('takes the ONNX file that the recipe names, and says which there are when it is not among them', async () => {
    const named = (name: string) =>
      changed((document) => Object.assign(document, { input_model: { type: 'ONNXModel', onnx_file_name: name } }));
    const resolved = await resolveSource(
      await spec({ modelId: 'org/exported', recipe: await named('onnx/model_quantized.onnx') }),
      await context(),
    );
    expect(Object.keys(resolved.files)).toContain('onnx/model_quantized.onnx');
    expect(Object.keys(resolved.files)).not.toContain('onnx/model.onnx');
    await expect(resolveSource(await spec({ modelId: 'org/exported', recipe: await named('a.onnx') }), await context())).rejects.toThrow(
      /it has no a\.onnx; it has onnx\/model\.onnx, onnx\/model_quantized\.onnx/,
    );
  });

  it('asks no hub where it is switched off', async () => {
    const services = await context();
    const off = { ...services, config: { ...services.config, hub: { ...services.config.hub, isOff: true } } };
    await expect(resolveSource(await spec(), off)).rejects.toMatchObject({
      code: 'model-access',
      message: expect.stringContaining('switched off'),
    });
    expect(hub.requests).toEqual([]);
  });
});
