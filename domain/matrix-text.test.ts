import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  columnText,
  formatAge,
  formatCosine,
  formatInterval,
  formatMs,
  formatRatio,
  formatShare,
  publishedText,
  recipeLabel,
} from './matrix-text.ts';

describe('figures', () => {
  it('show three significant digits', () => {
    expect([0.6312, 5.611, 31.94, 1240.2, 0].map(formatMs)).toEqual(['0.631 ms', '5.61 ms', '31.9 ms', '1240 ms', '0 ms']);
  });

  it('give an interval by its wider side, and none when there is none', () => {
    expect(formatInterval({ value: 10, low: 9.9, high: 10.2 })).toBe('±2.0%');
    expect(formatInterval({ value: 10, low: 5, high: 10.2 })).toBe('±50%');
    expect(formatInterval({ value: 10, low: null, high: null })).toBe('');
  });

  it('give ratios with their interval', () => {
    expect(formatRatio({ value: 1.08, low: 1.05, high: 1.11 })).toBe('1.08x [1.05-1.11]');
    expect(formatRatio({ value: 1.08, low: null, high: null })).toBe('1.08x');
  });

  it('never round a cosine or a share up to one', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (value) => {
        expect(Number(formatCosine(value))).toBeLessThanOrEqual(value + 1e-9);
        if (value < 0.9999) expect(formatShare(value)).not.toBe('100%');
      }),
    );
    expect([1, 0.99999, 0.998].map(formatCosine)).toEqual(['1', '0.9999', '0.998']);
  });

  it('show ages in the largest whole unit', () => {
    const day = 86_400_000;
    expect([0, 45_000, 720_000, 3 * 3_600_000, 2.9 * day].map((age) => formatAge(0, age))).toEqual(['now', '45 s', '12 min', '3 h', '2 d']);
  });
});

describe('names', () => {
  it('leave out of a recipe what its folder says', () => {
    expect(recipeLabel('ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_qdq_amd.json')).toBe('qdq_amd');
    expect(recipeLabel('adhoc:0123456789ab')).toBe('adhoc:0123456789ab');
    expect(recipeLabel('folder/other.json')).toBe('other');
    expect(recipeLabel('m/m_trtrtx.json --task text-classification')).toBe('trtrtx --task text-classification');
  });

  it('head a column by device, execution provider and condition', () => {
    const column = {
      id: 'x',
      deviceModel: 'AMD NPU',
      deviceClass: 'npu',
      executedEp: 'VitisAIExecutionProvider',
      condition: 'ac performance',
      tier: 'smoke',
      emulated: false,
      units: ['a/npu0', 'b/npu0'],
    };
    expect(columnText(column)).toEqual({
      device: 'AMD NPU',
      detail: 'VitisAI EP, ac performance, smoke',
      units: '2 units',
      emulated: false,
    });
  });

  it('say when the hardware of a published figure is unknown', () => {
    const latencyMs = { avg: 5.78, min: 4.92, max: 7.77, p90: null };
    expect(publishedText({ hardware: null, source: null, latencyMs, similarity: null })).toEqual({
      figure: '5.78 ms avg',
      hardware: 'hardware unknown',
    });
    expect(publishedText({ hardware: 'X', source: null, latencyMs: { ...latencyMs, avg: null }, similarity: null }).figure).toBe(
      '4.92-7.77 ms',
    );
    expect(publishedText(null).figure).toBe('');
  });
});
