import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openApiDocument } from '../../api/openapi.ts';
import { expressPath, fillPath, type Route } from '../../api/route.ts';
import { ROUTES } from '../../api/routes.ts';
import { startFarmServer } from './farm-server.ts';
import { rawRequest } from './raw-request.ts';

const routes = Object.entries<Route>(ROUTES);

const operationSchema = z.object({
  operationId: z.string(),
  responses: z.record(z.string(), z.looseObject({ description: z.string().min(1) })),
  parameters: z
    .array(
      z.object({ name: z.string(), in: z.enum(['path', 'query', 'header']), required: z.boolean(), schema: z.looseObject({}) }).loose(),
    )
    .optional(),
  requestBody: z.looseObject({ content: z.record(z.string(), z.unknown()) }).optional(),
});
const documentSchema = z.object({
  openapi: z.literal('3.1.0'),
  info: z.object({ title: z.string(), version: z.string() }).loose(),
  paths: z.record(
    z.string().startsWith('/'),
    z.record(z.enum(['get', 'post', 'put']), operationSchema).or(z.record(z.string(), operationSchema)),
  ),
  components: z.object({ schemas: z.record(z.string(), z.looseObject({})) }),
});

describe('the OpenAPI document', () => {
  const document = documentSchema.parse(openApiDocument('1.2.3'));
  const operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => ({ path, method, operation })),
  );

  it('has exactly the routes', () => {
    const wanted = routes.map(([name, { method, path }]) => `${name} ${method} ${path}`).sort();
    expect(operations.map(({ path, method, operation }) => `${operation.operationId} ${method} ${path}`).sort()).toEqual(wanted);
  });

  it('names each part of a path as a required parameter', () => {
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const parameters = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(parameters.map(({ name }) => name)).toEqual(inPath);
      expect(parameters.every(({ required }) => required)).toBe(true);
    }
  });

  it('refers only to schemas it has', () => {
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !(name in document.components.schemas))).toEqual([]);
    expect(text).not.toMatch(/"\$ref":"(?!#\/components\/schemas\/)/);
  });

  it('tells optional members from required ones', () => {
    const submit = document.components.schemas['SubmitRequest'];
    expect(submit?.['required']).toEqual(['recipes', 'on']);
    expect(submit?.['additionalProperties']).toBe(false);
  });

  it('is served', async () => {
    const server = await startFarmServer();
    expect(await server.client.openApi()).toEqual(openApiDocument('0.0.0'));
    await server.close();
  });
});

describe('the server', () => {
  it('has a handler for every route: none answers that there is no such operation', async () => {
    const server = await startFarmServer();
    for (const [name, { method, path, body }] of routes.filter(([name]) => name !== 'events')) {
      const params = Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => [parameter, 'none']));
      const headers = { 'content-type': 'application/json', 'idempotency-key': 'key-00000001' };
      const sent = body === null ? {} : { headers, body: '{}' };
      const answer = await rawRequest(server.url, fillPath({ path }, params), { method: method.toUpperCase(), ...sent });
      expect([name, answer.text.includes('There is no operation')]).toEqual([name, false]);
    }
    await server.close();
  });
});

describe('paths', () => {
  it('keep a slash of a value inside its segment', () => {
    expect(fillPath(ROUTES.recipe, { recipeId: 'a/b.json' })).toBe('/api/v1/recipes/a%2Fb.json');
    expect(expressPath(ROUTES.recipe)).toBe('/api/v1/recipes/:recipeId');
  });
});
