import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../../domain/errors.ts';
import { LINT_RULES } from '../../domain/lint/lint-recipe.ts';
import { MODEL_RULES } from '../../domain/lint/model-rules.ts';
import { SHARED_OUTPUT_FOLDER } from '../../domain/lint/shared-output-folders.ts';
import { NATIVE_SURGEONS } from '../../domain/passes/native-surgeons.ts';
import { NATIVE_PASSES } from '../../domain/passes/registry.ts';
import { EP_DEFINITIONS } from '../../engine/runtime/eps/registry.ts';
import { renderErrorsPage } from './errors-page.ts';
import { renderExecutionProvidersPage } from './execution-providers-page.ts';
import { renderLintPage } from './lint-page.ts';
import { renderPassesPage } from './passes-page.ts';

const prose = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');
const pages = {
  'errors.md': renderErrorsPage(ERRORS),
  'execution-providers.md': renderExecutionProvidersPage({
    prose: prose('execution-providers.md'),
    providers: Object.values(EP_DEFINITIONS),
  }),
  'lint.md': renderLintPage({ prose: prose('lint.md'), recipeRules: [...LINT_RULES, SHARED_OUTPUT_FOLDER], modelRules: MODEL_RULES }),
  'passes.md': renderPassesPage({
    prose: prose('passes.md'),
    passes: Object.values(NATIVE_PASSES),
    surgeons: Object.values(NATIVE_SURGEONS),
  }),
};

for (const [name, text] of Object.entries(pages)) writeFileSync(join(import.meta.dirname, '..', name), text);
