import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CATALOGUE_FOLDER } from '../../platform/installation.ts';
import { RecordingTerminal } from '../terminal.cases.ts';
import { type RecipeExportOptions, runRecipeExport } from './run-recipe-export.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-recipe-export-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function exported(recipe: string, options: Partial<RecipeExportOptions> = {}): Promise<string> {
  const terminal = new RecordingTerminal();
  const context = { terminal, env: {}, exit: () => undefined, interrupted: new AbortController().signal };
  await runRecipeExport(recipe, { output: 'json', olive: true, out: folder, set: [], ...options }, context);
  return terminal.written;
}

const here = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
const catalogue = (name: string): Promise<string> => readFile(join(CATALOGUE_FOLDER, 'ms-marco-MiniLM-L-6-v2', name), 'utf8');

describe('grove recipe export --olive', () => {
  it('is the file itself where Olive reads it as it is', async () => {
    expect(JSON.parse(await exported('trtrtx'))).toMatchObject({ changes: [], files: ['ms-marco-MiniLM-L-6-v2_trtrtx.json', 'README.md'] });
    expect(await here('ms-marco-MiniLM-L-6-v2_trtrtx.json')).toBe(await catalogue('ms-marco-MiniLM-L-6-v2_trtrtx.json'));
    const readme = await here('README.md');
    expect(readme).toContain('olive run --config ms-marco-MiniLM-L-6-v2_trtrtx.json');
    expect(readme).toContain('The recipe is the file itself.');
    expect(readme).toContain('`facebook/xnli`');
  });

  it('brings a script where Olive needs one, and says what differs', async () => {
    await exported('context_ov_static');
    expect((await readdir(folder)).sort()).toEqual(['README.md', 'ms-marco-MiniLM-L-6-v2_context_ov_static.json', 'user_script.py']);
    expect(await here('README.md')).toContain(
      '- The transform that pass `ov_quantize` declares is the function `transform_ov_quantize` of `user_script.py`.',
    );
    expect(await here('README.md')).toContain('olive-ai[openvino]');
  });

  it('writes what options changed', async () => {
    await exported('trtrtx', { task: 'text-classification', set: ['conversion.target_opset=18'] });
    expect(JSON.parse(await here('ms-marco-MiniLM-L-6-v2_trtrtx.json'))).toMatchObject({
      input_model: { task: 'text-classification' },
      passes: { conversion: { target_opset: 18 } },
    });
  });

  it('takes a file, under its own name', async () => {
    const text = '{"input_model":{"type":"HfModel","model_path":"m"},"passes":{"c":{"type":"OnnxConversion"}}}';
    await writeFile(join(folder, 'mine.json'), text);
    await exported(join(folder, 'mine.json'), { out: join(folder, 'out') });
    expect(await readFile(join(folder, 'out', 'mine.json'), 'utf8')).toBe(text);
  });

  it('may be repeated, and replaces other files only when told to', async () => {
    await exported('trtrtx');
    await exported('trtrtx');
    await writeFile(join(folder, 'README.md'), 'mine');
    await expect(exported('trtrtx')).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(await here('README.md')).toBe('mine');
    await exported('trtrtx', { overwrite: true });
    expect(await here('README.md')).not.toBe('mine');
  });

  it('refuses a form that nobody named, and a recipe that is none', async () => {
    await expect(exported('trtrtx', { olive: false })).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(exported('no-such-recipe')).rejects.toMatchObject({ code: 'unknown-recipe' });
  });
});
