import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';

/** A virtual environment with Olive: some 7 GB on Linux, too much to fetch for a test. */
const OLIVE = process.env['GROVE_TEST_OLIVE'];

/** OnnxPeepholeOptimizer is one of the passes that Grove lacks. */
const RECIPE = {
  input_model: { type: 'HfModel', model_path: 'local/model', task: 'feature-extraction' },
  systems: { npu: { type: 'LocalSystem', accelerators: [{ device: 'npu', execution_providers: ['QNNExecutionProvider'] }] } },
  passes: { conversion: { type: 'OnnxConversion', target_opset: 17 }, peephole: { type: 'OnnxPeepholeOptimizer' } },
  host: 'npu',
  target: 'npu',
  evaluate_input_model: false,
};

/** Rows made by code of the recipe, which says in its own words when it could have reached out, or sees what is none of its business. */
const ROWS_SCRIPT = `
import ctypes, os
import torch
from olive.data.registry import Registry

if os.uname().sysname == "Linux" and ctypes.CDLL(None).socket(2, 1, 0) != -1:
    raise RuntimeError("it has a network")
if "GROVE_TEST_SECRET" in os.environ:
    raise RuntimeError("it sees the agent's environment")


class Rows(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        ids = torch.arange(8) + index
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}, 0


@Registry.register_dataset()
def rows_of_the_recipe(**_):
    return Rows()
`;

const SCRIPTED = {
  ...RECIPE,
  data_configs: [
    { name: 'made', type: 'DataContainer', user_script: 'code/made_rows.py', load_dataset_config: { type: 'rows_of_the_recipe' } },
  ],
  passes: {
    conversion: { type: 'OnnxConversion', target_opset: 17 },
    quantization: { type: 'OnnxStaticQuantization', data_config: 'made', quant_preprocess: true },
  },
};

describe('a recipe with a pass that Grove lacks', () => {
  let lab: Lab;
  let submit: readonly string[] = [];
  let rest: readonly string[] = [];
  const scripted = () => join(lab.folder, 'scripted.json');
  const writeScripted = async () => {
    await mkdir(join(lab.folder, 'code'), { recursive: true });
    await writeFile(join(lab.folder, 'code', 'made_rows.py'), ROWS_SCRIPT);
    await writeFile(scripted(), JSON.stringify(SCRIPTED));
  };

  beforeAll(async () => {
    lab = await Lab.open();
    await lab.startCoordinator();
    const recipe = join(lab.folder, 'peephole.json');
    await writeFile(recipe, JSON.stringify(RECIPE));
    rest = ['--model', lab.model, '--substitute-ep', 'cpu', '--tier', 'smoke', '--launches', '1'];
    submit = ['submit', recipe, ...rest];
  }, 240_000);
  afterAll(() => lab.close());

  it('ends as unsupported, with the reason, where no machine has Olive', async () => {
    await lab.startAgent('lab-b');
    expect((await lab.grove(...submit, '--dry-run')).out).toContain('OnnxPeepholeOptimizer');
    expect((await lab.grove(...submit, '--watch')).code).not.toBe(0);
    expect((await lab.client.matrix()).cells.flat()[0]).toMatchObject({ state: 'unsupported', code: 'unsupported-pass' });
  });

  const withOlive = OLIVE === undefined ? undefined : it;
  withOlive?.('is converted by Olive on the machine that has it, and measured like any other', { timeout: 400_000 }, async () => {
    const data = join(lab.folder, 'lab-a');
    const installed = await lab.grove('toolchain', 'install', 'olive', '--environment', OLIVE ?? '', '--data', data);
    expect(installed).toMatchObject({ code: 0 });
    await lab.startAgent('lab-a');
    const job = await lab.json<{ jobId: string }>(...submit, '-o', 'json');
    const { tasks } = await lab.ended(job.jobId);
    expect(tasks.map(({ kind, state }) => `${kind} ${state}`)).toEqual(
      expect.arrayContaining(['convert completed', 'benchmark completed']),
    );
  });

  it('is refused with its Python code where no operator allows that, with or without the file', async () => {
    await writeScripted();
    const why = async (...more: readonly string[]) => (await lab.grove('submit', scripted(), ...rest, ...more, '--dry-run')).out;
    expect(await why()).toContain('its file did not come with it');
    expect(await why('--with-scripts')).toContain('no machine with Olive');
  });

  withOlive?.(
    'has its Python code run, without network and secrets, on the machine whose operator allows it',
    { timeout: 400_000 },
    async () => {
      await writeScripted();
      const data = join(lab.folder, 'lab-c');
      const installed = await lab.grove('toolchain', 'install', 'olive', '--environment', OLIVE ?? '', '--data', data);
      expect(installed).toMatchObject({ code: 0 });
      await lab.startAgent('lab-c', { config: { capabilities: ['user-script'] }, env: { GROVE_TEST_SECRET: 'x' } });
      await lab.grove('submit', scripted(), ...rest, '--with-scripts', '--watch');
      const [job] = (await lab.client.jobs()).jobs;
      const { tasks } = await lab.client.job(job?.jobId ?? '');
      expect(tasks.map(({ kind, state, error }) => `${kind} ${state} ${error?.message ?? ''}`)).toEqual(
        expect.arrayContaining(['convert completed ', 'benchmark completed ']),
      );
      const convert = tasks.find(({ kind }) => kind === 'convert');
      expect(convert?.attempts.at(-1)?.agentId).toBe('lab-c');
    },
  );
});
