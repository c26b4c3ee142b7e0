import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cell, Matrix } from '../../domain/matrix.ts';
import type { Finished } from '../support/grove-process.ts';
import { Lab, RECIPE } from '../support/lab.ts';

const data = process.env['GROVE_TEST_DATA'];
if (data !== undefined && data !== '') {
  describe('submit of a cross-encoder with query-passage pairs', () => {
    let lab: Lab;
    let answer: Finished;
    let cell: Cell;

    const submit = (rows: string, ...more: readonly string[]) =>
      lab.grove(
        ...['submit', RECIPE, '--model', join(data, 'tiny-cross-encoder'), '--task', 'text-classification', '--data', rows],
        ...['--substitute-ep', 'cpu', '--tier', 'smoke', '--launches', '1', '--watch', ...more],
      );

    async function onlyCell(): Promise<Cell> {
      const { cells } = await lab.json<Matrix>('matrix', '-o', 'json');
      const [first, ...others] = cells.flat().filter((found) => found !== null);
      expect(others).toEqual([]);
      if (first === undefined) throw new Error('the matrix has no cell');
      return first;
    }

    beforeAll(async () => {
      lab = await Lab.open();
      await lab.startCoordinator();
      await lab.startAgent('lab-a');
      answer = await submit(`xnli=${join(data, 'wikiqa/wikiqa-dev.rank.jsonl')}:query,candidates`);
      cell = await onlyCell();
    }, 240_000);
    afterAll(() => lab.close());

    it('ranks WikiQA as the model is known to, and as its float32 export does', () => {
      expect(answer).toMatchObject({ code: 0 });
      expect(cell.quality).toMatchObject({
        state: 'measured',
        rows: 1_130,
        passed: true,
        logit: { agreement: expect.closeTo(1, 4) },
        ranking: {
          state: 'measured',
          ...{ queries: 122, candidates: 1_126, singleCandidate: 4, top1Agreement: 1, referenceTau: expect.closeTo(1, 2) },
          relevance: {
            state: 'measured',
            ...{ queries: 122, withoutRelevant: 0, withoutIrrelevant: 0 },
            // metrics.json of the model: MRR 0.6056 (without a cut at 10), MAP 0.6018; float16 changes neither.
            model: { mrrAt10: expect.closeTo(0.6056, 2), map: expect.closeTo(0.6018, 3) },
            reference: { mrrAt10: expect.closeTo(0.6056, 2), map: expect.closeTo(0.6018, 4) },
          },
        },
      });
    });

    it('judges the goal of the recipe against the export, measured here', () => {
      const [latency] = cell.evaluator;
      expect(latency).toMatchObject({
        metric: 'latency-avg',
        priority: 1,
        goal: { type: 'percent-min-improvement', baseline: { kind: 'fp32-export' } },
      });
      const { value = 0, goal } = latency ?? {};
      expect(goal?.target).toBeCloseTo((goal?.baseline?.value ?? 0) * 0.999, 9);
      expect(goal?.state).toBe((value ?? 0) <= (goal?.target ?? 0) ? 'met' : 'missed');
      expect(cell.evaluator.map(({ metric }) => metric)).toHaveLength(6);
    });

    it('shows the ranking wherever a cell is shown', async () => {
      const table = await lab.grove('matrix');
      const markdown = await lab.grove('matrix', '-o', 'md');
      const matrixPage = await (await fetch(`${lab.url}/plain/`)).text();
      const cellPage = await (await fetch(`${lab.url}/plain/cells/${cell.id}`)).text();
      const jobId = /job (j-\w+)/.exec(answer.out)?.[1] ?? '';
      const job = await lab.grove('job', 'view', jobId);
      for (const text of [table.out, markdown.out, matrixPage, cellPage, answer.out, job.out]) expect(text).toMatch(/MRR@?10? 0\.60/);
    });

    it('ranks the same pairs row by row, with label and group by name', async () => {
      const queries: { qid: string; query: string; candidates: { text: string; label: number }[] }[] = (
        await readFile(join(data, 'wikiqa/wikiqa-dev.rank.jsonl'), 'utf8')
      )
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const pairs = queries.flatMap(({ qid, query, candidates }) =>
        candidates.map(({ text, label }) => ({ qid, question: query, sentence: text, relevance: label })),
      );
      const file = join(lab.folder, 'pairs.jsonl');
      await writeFile(file, pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
      const before = cell.quality;
      expect(await submit(`xnli=${file}:question,sentence,label=relevance,group=qid`)).toMatchObject({ code: 0 });
      const after = await onlyCell();
      expect(after.quality).toEqual(before);
      expect(after.reproduce).toContain('--data xnli=FILE:question,sentence,label=relevance,group=qid');
    }, 240_000);
  });
}
