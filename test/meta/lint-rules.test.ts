import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../..');
const FIXTURE = join(import.meta.dirname, 'fixtures/bad-code');
const RULES = ['import-rules.grit', 'test-rules.grit'];
const CONFIGURATION = [...RULES, 'biome.json', 'package.json', '.gitignore'];

const reportSchema = z.object({
  diagnostics: z.array(
    z.object({
      severity: z.string(),
      category: z.string(),
      message: z.string(),
      location: z.object({ path: z.string(), start: z.object({ line: z.number() }) }),
    }),
  ),
});

/** `file:line rule`: a lint rule by its name, an import rule by its message. */
interface Finding {
  readonly place: string;
  readonly rule: string;
}

/** Runs the project's own configuration on the planted tree, in a folder where the fixture's paths are the project's paths. */
function lintFixture(folder: string): Finding[] {
  cpSync(FIXTURE, folder, { recursive: true });
  for (const file of CONFIGURATION) cpSync(join(ROOT, file), join(folder, file));
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  const report = reportSchema.parse(JSON.parse(outputOf(biome, folder)));
  return report.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ category, message, location }) => ({
      place: `${location.path.split(sep).join('/')}:${Math.max(location.start.line, 1)}`,
      rule: category === 'plugin' ? message : category.slice(category.lastIndexOf('/') + 1),
    }));
}

/** Standard output of a lint that is expected to fail. */
function outputOf(biome: string, folder: string): string {
  try {
    execFileSync(process.execPath, [biome, 'lint', '--reporter=json', '--max-diagnostics=none'], { cwd: folder, stdio: 'pipe' });
  } catch (error) {
    if (error instanceof Error && 'stdout' in error) return String(error.stdout);
    throw error;
  }
  throw new Error('the linter accepted the bad fixture');
}

/** What the fixture's `// rejected: a + b` comments promise. */
function plantedViolations(): Finding[] {
  const files = readdirSync(FIXTURE, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(FIXTURE, name)).isFile());
  return files.flatMap((name) =>
    readFileSync(join(FIXTURE, name), 'utf8')
      .split('\n')
      .flatMap((line, index) => {
        const rules = line.split('// rejected: ')[1]?.split(' + ') ?? [];
        const place = `${relative(FIXTURE, join(FIXTURE, name)).split(sep).join('/')}:${index + 1}`;
        return rules.map((rule) => ({ place, rule }));
      }),
  );
}

const sameFinding = (planted: Finding, found: Finding): boolean => found.place === planted.place && found.rule.startsWith(planted.rule);

describe('lint rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'grove-bad-code-'));
  const planted = plantedViolations();
  let found: Finding[] = [];
  beforeAll(() => {
    found = lintFixture(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('reports every planted violation', () => {
    expect(planted.filter((violation) => !found.some((finding) => sameFinding(violation, finding)))).toEqual([]);
  });

  it('reports nothing that was not planted', () => {
    expect(found.filter((finding) => !planted.some((violation) => sameFinding(violation, finding)))).toEqual([]);
  });

  it('has a planted violation for every row of the rule files', () => {
    const rows = RULES.flatMap((file) => [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\$message = "([^"]+)"/g)]);
    const messages = rows.map(([, message]) => message);
    expect(messages.length).toBeGreaterThan(30);
    expect(messages.filter((message) => !found.some(({ rule }) => rule === message))).toEqual([]);
  });
});
