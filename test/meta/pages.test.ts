import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { agentFileSchema } from '../../agent/config.ts';
import { buildProgram } from '../../cli/main.ts';
import { RecordingTerminal } from '../../cli/terminal.cases.ts';
import { coordinatorFileSchema } from '../../coordinator/config.ts';
import { renderLintPage } from '../../docs/generate/lint-page.ts';
import { ENGINE_ORT_VERSION } from '../../domain/constants.ts';
import { LINT_RULES } from '../../domain/lint/lint-recipe.ts';
import { MODEL_RULES } from '../../domain/lint/model-rules.ts';
import { SHARED_OUTPUT_FOLDER } from '../../domain/lint/shared-output-folders.ts';
import { EXECUTION_PROVIDERS } from '../../engine/runtime/execution-providers.ts';

const page = (name: string): string => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');
const firstColumn = (text: string): string[] => [...text.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell]) => cell ?? '');
const names = (cells: readonly string[]): string[] =>
  cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''));

/** `cache.maxBytes` and the like: the leaves of a configuration schema. */
function leaves(schema: z.ZodType, path: string): string[] {
  const inner = schema instanceof z.ZodExactOptional ? schema.unwrap() : schema;
  // Of `off`, or an object of settings, both the key itself and the members are to be found.
  if (inner instanceof z.ZodUnion)
    return [...new Set(inner.options.flatMap((option) => (option instanceof z.ZodType ? leaves(option, path) : [path])))];
  if (!(inner instanceof z.ZodObject)) return [path];
  return Object.entries(inner.shape).flatMap(([key, member]) => leaves(member, path === '' ? key : `${path}.${key}`));
}

describe('documentation', () => {
  it('lists every lint rule as the registry renders it (npm run generate)', () => {
    const recipeRules = [...LINT_RULES, SHARED_OUTPUT_FOLDER];
    expect(page('lint.md')).toBe(renderLintPage({ prose: page('generate/lint.md'), recipeRules, modelRules: MODEL_RULES }));
    const rules = [...recipeRules.map(({ name }) => name), ...Object.keys(MODEL_RULES)];
    expect(names(firstColumn(page('lint.md')))).toEqual(rules);
    expect(new Set(rules).size).toBe(rules.length);
  });

  it('names every command in the README', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    const context = { terminal: new RecordingTerminal(), env: {}, exit: () => undefined, interrupted: new AbortController().signal };
    const words = (command: Command, before: readonly string[]): string[] =>
      command.commands.length === 0 ? [before.join(' ')] : command.commands.flatMap((child) => words(child, [...before, child.name()]));
    expect(words(buildProgram(context), []).filter((name) => !new RegExp(`^\\|.*\`${name}[\` ].*\\|`, 'm').test(readme))).toEqual([]);
  });

  it('has a row for every execution provider', () => {
    const providers = names(firstColumn(page('platforms.md'))).filter((name) => name.endsWith('ExecutionProvider'));
    expect(providers.sort()).toEqual([...EXECUTION_PROVIDERS].sort());
  });

  it.each([
    ['agent', agentFileSchema],
    ['coordinator', coordinatorFileSchema],
  ])('lists every key of the %s section', (name, schema) => {
    const section = page('configuration.md').split(`## \`${name}\``)[1]?.split('\n## ')[0] ?? '';
    expect(names(firstColumn(section)).sort()).toEqual(leaves(schema, '').sort());
  });

  it('keeps the engine version of conversion keys equal to the installed ONNX Runtime', () => {
    const manifest = z
      .object({ dependencies: z.object({ 'onnxruntime-node': z.string() }) })
      .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')));
    expect(manifest.dependencies['onnxruntime-node']).toBe(ENGINE_ORT_VERSION);
  });
});
