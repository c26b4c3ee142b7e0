import type { SuiteView } from '../../../api/suites.ts';
import { GroveError } from '../../../domain/errors.ts';
import { lintRecipe } from '../../../domain/lint/lint-recipe.ts';
import type { Catalogue } from '../../../domain/recipe/catalogue.ts';
import { formatCondition } from '../../../domain/selector/format.ts';
import { readConditions } from '../../../domain/selector/parse.ts';
import type { Pin, Suite, SuiteSubmit } from '../../../domain/suite.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';

/** Suites and their pins. */
export function suiteHandlers({ suites, clock, catalogue }: Pick<RestDeps, 'suites' | 'clock' | 'catalogue'>) {
  const find = (name: string): Suite => {
    const suite = suites.all.find((one) => one.name === name);
    if (suite === undefined) throw new GroveError('not-found', { kind: 'suite', id: name });
    return suite;
  };
  const view = async (suite: Suite): Promise<SuiteView> => suiteView(suite, await suites.pins(), catalogue);
  return {
    async suites() {
      const pins = await suites.pins();
      return ok({ suites: suites.all.map((suite) => suiteView(suite, pins, catalogue)) });
    },
    async suite({ params: { name } }) {
      return ok(await view(find(name)));
    },
    async runSuite({ params: { name }, body, headers, principal }) {
      find(name);
      const answer = await suites.run(name, body, { principal, idempotencyKey: headers['idempotency-key'] });
      return { status: answer.jobs.some(({ created }) => created) ? 201 : 200, body: answer };
    },
    async pinSuite({ params: { name }, body, principal }) {
      const suite = find(name);
      const { units = null, where = [] } = body;
      await suites.pin({ suite: name, units, where: readConditions(where), by: principal.name, since: clock.now() });
      return ok(await view(suite));
    },
    async unpinSuite({ params: { name } }) {
      const suite = find(name);
      await suites.unpin(name);
      return ok(await view(suite));
    },
  } satisfies Partial<Handlers>;
}

function suiteView({ name, title, summary, submits }: Suite, pins: readonly Pin[], catalogue: Catalogue): SuiteView {
  const pin = pins.find(({ suite }) => suite === name);
  return {
    name,
    title,
    summary,
    submits: submits.map((submit) => submitView(submit, catalogue)),
    pin: pin === undefined ? null : pinView(pin),
  };
}

function submitView(
  { model, substituteEp, substituteDevice, launches, task, ...rest }: SuiteSubmit,
  { recipes }: Catalogue,
): SuiteView['submits'][number] {
  const named = recipes.filter(({ id }) => rest.recipes.includes(id));
  return {
    ...rest,
    model: model === undefined ? null : { modelId: model.modelId, revision: model.revision ?? null },
    substituteEp: substituteEp ?? null,
    substituteDevice: substituteDevice ?? null,
    launches: launches ?? null,
    task: task ?? null,
    lintFindings: named.reduce((sum, { recipe }) => sum + lintRecipe(recipe).length, 0),
  };
}

function pinView({ units, where, by, since }: Pin): SuiteView['pin'] {
  return { units, where: where.map(formatCondition), by, since };
}
