import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { readRowFacts, writeRowFacts } from './row-facts.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-row-facts-'));
  onTestFinished(() => rm(folder, { recursive: true }));
});

describe('row facts', () => {
  const facts = { complete: true, labels: [1, null], queries: [0, null] };

  it('read back what was written', async () => {
    await writeRowFacts(folder, facts);
    expect(await readRowFacts(folder, 2)).toEqual(facts);
  });

  it('are none of a Reference made before there were any', async () => {
    expect(await readRowFacts(folder, 2)).toBeUndefined();
  });

  it.each([
    ['text', 'nonsense'],
    ['another version', JSON.stringify({ schemaVersion: 2, ...facts })],
    ['a label that is no number', JSON.stringify({ schemaVersion: 1, ...facts, labels: ['1', null] })],
    ['labels of other rows', JSON.stringify({ schemaVersion: 1, ...facts, labels: [1] })],
    ['queries of other rows', JSON.stringify({ schemaVersion: 1, ...facts, queries: [0, 0, 0] })],
  ])('refuse %s', async (_, text) => {
    await writeFile(join(folder, 'rows.json'), text);
    await expect(readRowFacts(folder, 2)).rejects.toMatchObject({ code: 'invalid-reference' });
  });
});
