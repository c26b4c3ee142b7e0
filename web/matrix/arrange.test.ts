import { describe, expect, it } from 'vitest';
import { SAMPLE_MATRIX } from '../../test/rest/sample-matrix.ts';
import { arrange, type Line } from './arrange.ts';
import { type MatrixView, PLAIN_VIEW } from './view.ts';

const see = (change: Partial<MatrixView>) => arrange(SAMPLE_MATRIX, { ...PLAIN_VIEW, ...change });
const names = (lines: readonly Line[]) =>
  lines.flatMap((line) => (line.kind === 'row' ? [line.row.recipeId.replace(/^.*_v2_|^.*L-6-v2_|\.json$/g, '')] : []));

describe('arrange', () => {
  it('shows everything in catalogue order, under its model', () => {
    const { lines, columns, shown, total } = see({});
    expect([shown, total, columns.length]).toEqual([13, 13, 4]);
    expect(lines[0]).toEqual({ kind: 'group', title: 'cross-encoder/ms-marco-MiniLM-L-6-v2', rows: 5 });
    expect(names(lines)).toEqual(['qdq_amd', 'qdq_qnn', 'context_ov_static', 'trtrtx', 'dml']);
  });

  it('leaves out rows and columns without a chosen cell', () => {
    const { lines, columns, shown } = see({ states: ['noisy', 'improved'] });
    expect([shown, columns.map(({ deviceClass }) => deviceClass), names(lines)]).toEqual([2, ['cpu'], ['qdq_qnn', 'trtrtx']]);
  });

  it('looks for every word in recipe, device, state and reason', () => {
    expect(see({ words: 'XDNA2 regressed' }).shown).toBe(1);
    expect(see({ words: 'qualcomm heavy nodes' }).shown).toBe(1);
    expect(see({ words: 'directml' }).shown).toBe(4);
    expect(see({ words: 'directml qualcomm-7' }).shown).toBe(0);
  });

  it('knows the lists and the classes of devices', () => {
    expect(see({ list: 'stale' }).shown).toBe(1);
    expect(see({ classes: ['npu'] }).columns.map(({ deviceModel }) => deviceModel)).toEqual(['AMD XDNA2 STX', 'Qualcomm X1E HTP']);
  });

  it('orders rows by what is worst in them, and by latency with what has none last', () => {
    expect(names(see({ sort: 'worst' }).lines)[0]).toBe('qdq_amd');
    const cpu = SAMPLE_MATRIX.columns[2]?.id ?? '';
    expect(names(see({ sort: cpu }).lines)).toEqual(['trtrtx', 'qdq_amd', 'qdq_qnn', 'context_ov_static', 'dml']);
    expect(names(see({ sort: cpu, descending: true }).lines)).toEqual(['qdq_qnn', 'qdq_amd', 'trtrtx', 'context_ov_static', 'dml']);
  });

  it('groups by target, or not at all', () => {
    const titles = see({ group: 'target' }).lines.flatMap((line) => (line.kind === 'group' ? [line.title] : []));
    expect(titles).toContain('npu VitisAI');
    expect(see({ group: 'none' }).lines).toHaveLength(5);
  });
});
