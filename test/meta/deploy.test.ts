import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { buildProgram } from '../../cli/main.ts';
import { RecordingTerminal } from '../../cli/terminal.cases.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const words = z.array(z.string());
const duration = z.string().regex(/^(\d+(us|ms|s|m|h))+$/);
const conditions = z.enum(['service_started', 'service_healthy', 'service_completed_successfully']);

/** The members of the Compose Specification that the file uses, with the specification's types: a misspelt one is refused. */
const serviceSchema = z.strictObject({
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  image: z.string().optional(),
  restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']).optional(),
  init: z.boolean().optional(),
  network_mode: z
    .string()
    .regex(/^service:[a-z0-9-]+$/)
    .optional(),
  entrypoint: words.optional(),
  command: words.optional(),
  environment: z.record(z.string().regex(/^[A-Z0-9_]+$/), z.string()).optional(),
  volumes: z.array(z.string().regex(/^[^:]+:\/[^:]+(:ro)?$/)).optional(),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/)).optional(),
  secrets: words.optional(),
  depends_on: z.union([words, z.record(z.string(), z.strictObject({ condition: conditions }))]).optional(),
  healthcheck: z.strictObject({ test: words, interval: duration, timeout: duration, retries: z.int().min(1) }).optional(),
  stop_grace_period: duration.optional(),
});
const compose = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/),
    services: z.record(z.string(), serviceSchema),
    volumes: z.record(z.string(), z.null()),
    secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
    'x-coordinator': z.unknown(),
    'x-coordinator-environment': z.unknown(),
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

it('the compose file starts only commands and options that grove has', () => {
  const program = buildProgram({ terminal: new RecordingTerminal(), env: {}, exit: () => {}, interrupted: new AbortController().signal });
  const started = services.flatMap(({ image, command = [] }) => (image === 'grove:local' ? [command] : []));
  expect(started.length).toBeGreaterThan(2);
  for (const line of started) {
    let command: Command = program;
    const rest = [...line];
    for (let next = childOf(command, rest[0]); next !== undefined; next = childOf(command, rest[0])) {
      command = next;
      rest.shift();
    }
    expect(command.commands).toEqual([]);
    const options = new Set(command.options.map(({ long }) => long));
    expect(rest.filter((word) => word.startsWith('--') && !options.has(word))).toEqual([]);
  }
});

function childOf(command: Command, name: string | undefined): Command | undefined {
  return command.commands.find((child) => child.name() === name);
}

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
