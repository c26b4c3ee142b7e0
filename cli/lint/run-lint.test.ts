import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordingTerminal } from '../terminal.cases.ts';
import { type LintOptions, runLint } from './run-lint.ts';

const TINY_BERT = fileURLToPath(new URL('../../test/fixtures/tiny-bert', import.meta.url));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-run-lint-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const CONVERSION = { type: 'OnnxConversion', target_opset: 17 };
const NO_MASK = { type: 'GraphSurgeries', surgeries: [{ surgeon: 'ReplaceAttentionMaskValue', threshold: -3.5e38 }] };

const recipeOf = (passes: object, members: object = {}): object => ({
  input_model: { type: 'HfModel', model_path: 'local/tiny', task: 'text-classification' },
  passes,
  ...members,
});

interface Linted {
  readonly terminal: RecordingTerminal;
  readonly exitCode: number;
}

async function lint(recipes: readonly object[], options: Partial<LintOptions> = {}): Promise<Linted> {
  const files = recipes.map((_, index) => join(folder, `recipe-${index}.json`));
  for (const [index, file] of files.entries()) await writeFile(file, JSON.stringify(recipes[index]));
  const terminal = new RecordingTerminal();
  let exitCode = 0;
  const exit = (code: number) => {
    exitCode = code;
  };
  const context = { terminal, env: {}, exit, interrupted: new AbortController().signal };
  await runLint(files, { output: 'json', data: [], set: [], ...options }, context);
  return { terminal, exitCode };
}

const rulesOf = ({ terminal }: Linted): string[][] =>
  JSON.parse(terminal.written).recipes.map(({ findings }: { findings: { rule: string }[] }) => findings.map(({ rule }) => rule));

describe('grove lint', () => {
  it('finds nothing in a plain recipe and ends with 0, strict or not', async () => {
    const { terminal, exitCode } = await lint([recipeOf({ conversion: CONVERSION })], { output: 'table', strict: true });
    expect(terminal.written).toMatch(/recipe-0\.json: nothing found\n$/);
    expect(exitCode).toBe(0);
  });

  it('ends with 6 on a finding when strict, and with 0 otherwise', async () => {
    const recipe = recipeOf({ conversion: CONVERSION, half: { type: 'OnnxFloatToFloat16' }, mask: NO_MASK });
    expect((await lint([recipe], { strict: true })).exitCode).toBe(6);
    expect((await lint([recipe])).exitCode).toBe(0);
  });

  it('says where, what and what to do', async () => {
    const recipe = recipeOf({ conversion: CONVERSION, half: { type: 'OnnxFloatToFloat16' }, mask: NO_MASK });
    const { terminal } = await lint([recipe], { output: 'table' });
    expect(terminal.written).toContain('  $.passes.mask.surgeries[0]: matches nothing');
    expect(terminal.written).toContain('    Put it before the float16 conversion');
  });

  it('tells each recipe of a set that shares its output folder', async () => {
    const shared = recipeOf({ conversion: CONVERSION }, { output_dir: 'model' });
    expect(rulesOf(await lint([shared, shared]))).toEqual([['shared-output-folder'], ['shared-output-folder']]);
  });

  it('tells what only the passes can see when it gets a model, and leaves nothing behind', async () => {
    const recipe = recipeOf({ conversion: CONVERSION, mask: NO_MASK });
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('grove-lint-'));
    expect(rulesOf(await lint([recipe]))).toEqual([[]]);
    expect(rulesOf(await lint([recipe], { model: TINY_BERT }))).toEqual([['surgery-matches-nothing']]);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('grove-lint-'))).toEqual(before);
  });

  it('tries what it can and says what it did not try', async () => {
    const passes = { conversion: CONVERSION, mask: NO_MASK, optimum: { type: 'OnnxPeepholeOptimizer' } };
    const linted = await lint([recipeOf(passes)], { model: TINY_BERT });
    expect(rulesOf(linted)).toEqual([['surgery-matches-nothing']]);
    expect(JSON.parse(linted.terminal.written).recipes[0].notTried).toBe(
      'from optimum (OnnxPeepholeOptimizer) on: it needs the Olive toolchain',
    );
    const { optimum } = passes;
    const none = await lint([recipeOf({ optimum })], { model: TINY_BERT, output: 'table' });
    expect(none.terminal.written).toContain('  not tried from optimum');
  });

  it('refuses rows that the recipe does not read, and a recipe that is none', async () => {
    const rows = join(folder, 'rows.jsonl');
    await writeFile(rows, '{"text": "a"}\n');
    const plain = recipeOf({ conversion: CONVERSION });
    await expect(lint([plain], { model: TINY_BERT, data: [`nothing=${rows}`] })).rejects.toMatchObject({ code: 'missing-data' });
    await expect(lint([{ passes: {} }])).rejects.toMatchObject({ code: 'recipe-invalid' });
  });
});
