import { writeFile } from 'node:fs/promises';
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

describe('a recipe with a pass that Grove lacks', () => {
  let lab: Lab;
  let submit: readonly string[] = [];

  beforeAll(async () => {
    lab = await Lab.open();
    await lab.startCoordinator();
    const recipe = join(lab.folder, 'peephole.json');
    await writeFile(recipe, JSON.stringify(RECIPE));
    submit = ['submit', recipe, '--model', lab.model, '--substitute-ep', 'cpu', '--tier', 'smoke', '--launches', '1'];
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
});
