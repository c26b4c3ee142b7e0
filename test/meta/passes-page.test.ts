import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderPassesPage } from '../../docs/generate/passes-page.ts';
import { parameterSchemas } from '../../docs/generate/schema-words.ts';
import { NATIVE_SURGEONS } from '../../domain/passes/native-surgeons.ts';
import { NATIVE_PASSES } from '../../domain/passes/registry.ts';

const page = (name: string): string => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');
const passes = Object.values(NATIVE_PASSES);

/** `Pass.parameter` of each whose schema does not end in `.describe(...)`. */
function undescribed(name: string, shape: Parameters<typeof parameterSchemas>[0]): string[] {
  return [...parameterSchemas(shape)]
    .filter(([, { description = '' }]) => !/^[A-Z0-9`].*\.$/.test(description))
    .map(([parameter]) => `${name}.${parameter}`);
}

describe('docs/passes.md', () => {
  it('is what the registry renders (npm run generate)', () => {
    expect(page('passes.md')).toBe(
      renderPassesPage({ prose: page('generate/passes.md'), passes, surgeons: Object.values(NATIVE_SURGEONS) }),
    );
  });

  it('has a section for every native pass and every native surgeon', () => {
    const sections = [...page('passes.md').matchAll(/^## (\w+) \((host|target)\)$/gm)].map(([, type, side]) => `${type} ${side}`);
    expect(sections).toEqual(passes.map(({ type, side }) => `${type} ${side}`));
    for (const { name } of Object.values(NATIVE_SURGEONS)) expect(page('passes.md')).toContain(`\n### ${name}\n`);
  });

  it('describes every parameter and every argument in a sentence', () => {
    const missing = [
      ...passes.flatMap(({ type, shape }) => undescribed(type, shape)),
      ...Object.values(NATIVE_SURGEONS).flatMap(({ name, params }) => undescribed(name, params.shape)),
    ];
    expect(missing).toEqual([]);
  });
});
