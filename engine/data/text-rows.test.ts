import { describe, expect, it } from 'vitest';
import { textColumns, textRows } from './text-rows.ts';

const OWN = { columns: ['premise'], label: 'label' };
const columns = (texts: readonly string[], group: string | null = null) => ({ texts, label: 'label', group });

describe('textColumns', () => {
  it("are the recipe's unless the submitter names others", () => {
    expect(textColumns(OWN, {})).toEqual({ texts: ['premise'], label: 'label', group: null });
    expect(textColumns(OWN, { columns: ['q', 'p'], labelColumn: 'gold', groupColumn: 'qid' })).toEqual({
      texts: ['q', 'p'],
      label: 'gold',
      group: 'qid',
    });
  });
});

describe('textRows', () => {
  it('gives one text with its label and no query', () => {
    expect(textRows({ premise: 'a', label: 2 }, 0, columns(['premise']))).toEqual([
      { input: { text: 'a' }, fact: { label: 2, query: undefined } },
    ]);
  });

  it('puts pairs of one text, or of one group, into one query', () => {
    const rows = [
      { q: 'a', p: 'x', qid: 1 },
      { q: 'a', p: 'y', qid: 2 },
      { q: 'b', p: 'z', qid: 1 },
    ];
    const queries = (group: string | null) =>
      rows.flatMap((row, index) => textRows(row, index, columns(['q', 'p'], group))).map(({ fact }) => fact.query);
    const [byText, byGroup] = [queries(null), queries('qid')];
    expect([byText[0] === byText[1], byText[0] === byText[2]]).toEqual([true, false]);
    expect([byGroup[0] === byGroup[1], byGroup[0] === byGroup[2]]).toEqual([false, true]);
  });

  it('spreads a list of candidates, which are one query whatever the text of others is', () => {
    const row = { q: 'a', c: [{ text: 'x', label: 1, id: 'D1' }, 'y'] };
    const [first, second] = [textRows(row, 0, columns(['q', 'c'])), textRows(row, 1, columns(['q', 'c']))];
    expect(first.map(({ input, fact }) => [input, fact.label])).toEqual([
      [{ text: 'a', pair: 'x' }, 1],
      [{ text: 'a', pair: 'y' }, undefined],
    ]);
    expect(new Set([...first, ...second].map(({ fact }) => fact.query)).size).toBe(2);
    const grouped = textRows({ ...row, qid: 7 }, 0, columns(['q', 'c'], 'qid'));
    expect(grouped.map(({ fact }) => fact.query)).toEqual(['7', '7']);
  });

  it.each([
    ['a text that is none', { q: 1, p: 'x' }, /column "q" holds a number/],
    ['a passage that is none', { q: 'a', p: null }, /column "p" holds null/],
    ['a candidate without a text', { q: 'a', p: [{ passage: 'x' }] }, /column "p.text" holds a undefined/],
  ])('refuses %s', (_, row, problem) => {
    expect(() => textRows(row, 3, columns(['q', 'p']))).toThrow(
      expect.objectContaining({ code: 'invalid-row', message: expect.stringMatching(problem) }),
    );
  });
});
