import type { SubmitAnswer, SubmitRequest } from '../../api/submit.ts';
import type { SuiteRunAnswer, SuiteRunRequest } from '../../api/suites.ts';
import { GroveError } from '../../domain/errors.ts';
import type { JobSpec } from '../../domain/job.ts';
import { digestOf, type Sha256 } from '../../domain/json.ts';
import type { Principal } from '../../domain/principal.ts';
import { readConditions } from '../../domain/selector/parse.ts';
import type { Suite } from '../../domain/suite.ts';
import { type FindDevices, suiteRequests } from './suite-requests.ts';

interface Context {
  readonly principal: Principal;
  readonly idempotencyKey: string;
}

/** `identity`: what was asked for, in place of the request. */
export type SubmitForSuite = (
  request: SubmitRequest,
  context: Context,
  origin: { readonly cause: NonNullable<JobSpec['cause']>; readonly identity: unknown },
) => Promise<SubmitAnswer>;

export interface RunSuiteDeps {
  readonly suites: readonly Suite[];
  readonly submit: SubmitForSuite;
  /** On the fleet as it is now. */
  findDevices(): Promise<FindDevices>;
  readonly sha256: Sha256;
}

/** The suite of this name. Throws `not-found`. */
function suiteNamed(suites: readonly Suite[], name: string): Suite {
  const suite = suites.find((one) => one.name === name);
  if (suite === undefined) throw new GroveError('not-found', { kind: 'suite', id: name });
  return suite;
}

/**
 * Submits a suite because somebody asks for it: one job per submit of the suite, and per group of named devices. Throws `not-found`, `unsatisfiable`
 * when no recipe has a device, and what a submit throws; jobs that were made before are found again by a repeat with the same key.
 */
export async function runSuite(
  { suites, submit, findDevices, sha256 }: RunSuiteDeps,
  { name, request, context }: { readonly name: string; readonly request: SuiteRunRequest; readonly context: Context },
): Promise<SuiteRunAnswer> {
  const suite = suiteNamed(suites, name);
  const { dryRun = false, where = [], priority = 'interactive', on } = request;
  readConditions(where);
  const { requests, skipped } = suiteRequests(suite, { where, priority, ...(on !== undefined && { on }) }, await findDevices());
  if (requests.length === 0)
    throw new GroveError('unsatisfiable', { what: `suite ${name}`, why: 'no known device fits any of its recipes' });
  const origin = { cause: { kind: 'suite', reason: `suite ${name}` } as const, identity: { suite: name, ...request } };
  const answers: SubmitAnswer[] = [];
  for (const [index, wanted] of requests.entries()) {
    const idempotencyKey = `suite:${digestOf([context.idempotencyKey, index], sha256)}`;
    answers.push(await submit({ ...wanted, ...(dryRun && { dryRun }) }, { ...context, idempotencyKey }, origin));
  }
  return { jobs: answers, skipped: [...skipped] };
}
