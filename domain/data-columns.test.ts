import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDataColumns, parseDataColumns } from './data-columns.ts';

describe('parseDataColumns', () => {
  it('reads texts in order, and label and group by name', () => {
    expect(parseDataColumns('query,passage')).toEqual({ columns: ['query', 'passage'] });
    expect(parseDataColumns('query,passage,label=relevance,group=qid')).toEqual({
      columns: ['query', 'passage'],
      labelColumn: 'relevance',
      groupColumn: 'qid',
    });
    expect(parseDataColumns('label=gold')).toEqual({ labelColumn: 'gold' });
  });

  it.each(['', 'query,', 'label=', 'weight=w'])('refuses %j', (text) => {
    expect(() => parseDataColumns(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  it('reads back what was written', () => {
    const name = fc.stringMatching(/^[a-z ]{1,8}$/);
    const columns = fc.record(
      { columns: fc.array(name, { minLength: 1, maxLength: 2 }), labelColumn: name, groupColumn: name },
      { requiredKeys: ['columns'] },
    );
    fc.assert(
      fc.property(columns, (given) => {
        expect(parseDataColumns(formatDataColumns(given))).toEqual(given);
      }),
    );
    expect(formatDataColumns({})).toBe('');
  });
});
