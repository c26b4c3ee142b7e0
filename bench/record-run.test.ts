import { expect, it } from 'vitest';
import { withSection } from './record-run.ts';

const PAGE = 'before\n<!-- measured: a -->\nold\n<!-- end -->\nbetween\n<!-- measured: b -->\nother\n<!-- end -->\nafter\n';

it('replaces the figures of one bench and nothing else', () => {
  expect(withSection(PAGE, 'a', 'new')).toBe(PAGE.replace('old', 'new'));
  expect(withSection(PAGE, 'b', 'new')).toBe(PAGE.replace('other', 'new'));
});

it('gives the same page when the same figures are written twice', () => {
  const once = withSection(PAGE, 'a', 'new');
  expect(withSection(once, 'a', 'new')).toBe(once);
});

it('refuses a page without a place for them', () => {
  expect(() => withSection(PAGE, 'c', 'new')).toThrow('no marks');
});
