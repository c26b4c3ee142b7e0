import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const serviceSchema = z.object({
  image: z.string().optional(),
  network_mode: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  secrets: z.array(z.string()).optional(),
  depends_on: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).optional(),
});
const compose = z
  .object({
    services: z.record(z.string(), serviceSchema),
    volumes: z.record(z.string(), z.unknown()),
    secrets: z.record(z.string(), z.unknown()),
  })
  .parse(parse(read('deploy/compose.yaml'), { merge: true }));
const services = Object.values(compose.services);

it('the compose file names only services, volumes and secrets that it has', () => {
  const needed = services.flatMap(({ depends_on = [] }) => (Array.isArray(depends_on) ? depends_on : Object.keys(depends_on)));
  const network = services.flatMap(({ network_mode }) => network_mode?.replace('service:', '') ?? []);
  expect(Object.keys(compose.services)).toEqual(expect.arrayContaining([...needed, ...network]));
  const volumes = services.flatMap(({ volumes: used = [] }) => used.map((volume) => volume.split(':')[0] ?? ''));
  expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(volumes.filter((volume) => !volume.startsWith('.'))));
  expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining(services.flatMap(({ secrets = [] }) => secrets)));
});

it('the compose file sets only variables that the configuration page lists', () => {
  const documented = read('docs/configuration.md');
  const variables = services.flatMap(({ environment = {} }) => Object.keys(environment));
  expect(variables.filter((name) => !documented.includes(`\`${name.replace(/_FILE$/, '')}\``))).toEqual([]);
});

it('images are pinned to a version', () => {
  expect(services.flatMap(({ image = '' }) => (/:(?!latest$)[\w.-]+$/.test(image) ? [] : [image]))).toEqual([]);
});

it('the proxy and the agent know the ports of both coordinators', () => {
  const options = ['coordinator-1', 'coordinator-2'].map((name) => compose.services[name]?.command ?? []);
  const portsOf = (option: string) => options.map((command) => command[command.indexOf(option) + 1] ?? 'none');
  const proxy = read('deploy/nginx.conf');
  for (const port of [...portsOf('--port'), ...portsOf('--agent-port')]) expect(proxy).toContain(`127.0.0.1:${port} `);
  for (const port of portsOf('--agent-port')) expect(compose.services['agent']?.environment?.['GROVE_AGENT_URL']).toContain(`:${port}`);
});
