import { readySchema } from './health.ts';
import { defineRoute, json, nothing } from './route.ts';

/** What monitoring and orchestrators ask, at the addresses where they look. Part of the table in `routes.ts`. */
export const MONITORING_ROUTES = {
  ready: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/ready',
    tag: 'farm',
    kind: 'json',
    summary: 'Whether requests are served now.',
    answers: [json(200, 'Ready.', readySchema), json(503, 'Starting or stopping.', readySchema)],
  }),
  metrics: defineRoute({
    ...nothing,
    method: 'get',
    path: '/metrics',
    tag: 'farm',
    kind: 'raw',
    summary: 'Figures of the farm and of this coordinator, for Prometheus.',
    answers: [{ status: 200, description: 'The text format of Prometheus, version 0.0.4.', content: { 'text/plain': null } }],
  }),
  healthz: defineRoute({
    ...nothing,
    method: 'get',
    path: '/healthz',
    tag: 'farm',
    kind: 'raw',
    summary: 'Whether the process answers at all; asks no store.',
    answers: [{ status: 200, description: 'It does.', content: { 'text/plain': null } }],
  }),
  readyz: defineRoute({
    ...nothing,
    method: 'get',
    path: '/readyz',
    tag: 'farm',
    kind: 'json',
    summary: 'The same as /api/v1/ready, where orchestrators look for it.',
    answers: [json(200, 'Ready.', readySchema), json(503, 'Starting or stopping.', readySchema)],
  }),
};
