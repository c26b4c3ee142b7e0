import { z } from 'zod';
import { nameSchema } from '../domain/names.ts';
import { defineRoute, json, noArguments, nothing } from './route.ts';
import { idempotencyKeySchema } from './submit.ts';
import { pinSuiteRequestSchema, suiteListSchema, suiteRunAnswerSchema, suiteRunRequestSchema, suiteViewSchema } from './suites.ts';

const suiteParams = z.strictObject({ name: nameSchema });

/** The part of the REST API that is about suites. */
export const SUITE_ROUTES = {
  suites: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/suites',
    tag: 'recipes',
    kind: 'json',
    summary: 'The suites of the catalogue.',
    answers: [json(200, 'Suites by name.', suiteListSchema)],
  }),
  suite: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/suites/{name}',
    tag: 'recipes',
    kind: 'json',
    params: suiteParams,
    summary: 'One suite.',
    answers: [json(200, 'The suite.', suiteViewSchema)],
    errors: ['not-found'],
  }),
  runSuite: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/suites/{name}/runs',
    tag: 'jobs',
    kind: 'json',
    params: suiteParams,
    body: suiteRunRequestSchema,
    headers: z.object({ 'idempotency-key': idempotencyKeySchema }),
    summary: 'Submits a suite.',
    description: 'Recipes that no device fits are left out. Repeating a request with the same Idempotency-Key answers the first jobs.',
    answers: [
      json(201, 'The jobs exist and their tasks are queued.', suiteRunAnswerSchema),
      json(200, 'The key repeats an earlier request, or dryRun was asked for.', suiteRunAnswerSchema),
    ],
    errors: ['not-found', 'unsatisfiable', 'idempotency-conflict'],
  }),
  pinSuite: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/suites/{name}/pin',
    tag: 'recipes',
    kind: 'json',
    params: suiteParams,
    body: pinSuiteRequestSchema,
    summary: 'Runs a suite again wherever the environment of a device changes.',
    description:
      'Replaces an earlier pin. A device without a result of its environment gets one; one change of an environment makes its jobs once.',
    answers: [json(200, 'The suite.', suiteViewSchema)],
    errors: ['not-found'],
  }),
  unpinSuite: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/suites/{name}/unpin',
    tag: 'recipes',
    kind: 'json',
    params: suiteParams,
    body: noArguments,
    summary: 'Runs a suite only when somebody asks.',
    answers: [json(200, 'The suite.', suiteViewSchema)],
    errors: ['not-found'],
  }),
};
