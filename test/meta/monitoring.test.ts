import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createFarmMetrics } from '../../coordinator/metrics/farm-metrics.ts';

const fileOf = (path: string) => readFileSync(join(import.meta.dirname, '../../deploy', path), 'utf8');

/** What Prometheus makes of a rule file, of the members that ours has. */
const alertsSchema = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        name: z.string(),
        rules: z
          .array(
            z.strictObject({
              alert: z.string().regex(/^Grove[A-Za-z]+$/),
              expr: z.string(),
              for: z.string().regex(/^\d+[smh]$/),
              labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
              annotations: z.strictObject({ summary: z.string(), description: z.string() }),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
});

const dashboardSchema = z.object({
  title: z.string(),
  schemaVersion: z.number().int(),
  panels: z
    .array(
      z.object({
        id: z.number().int(),
        title: z.string(),
        type: z.enum(['timeseries', 'stat']),
        gridPos: z.object({ h: z.number(), w: z.number(), x: z.number(), y: z.number() }),
        targets: z.array(z.object({ refId: z.string(), expr: z.string(), legendFormat: z.string() })).min(1),
      }),
    )
    .min(1),
});

const alerts = alertsSchema.parse(parse(fileOf('prometheus/alerts.yaml'))).groups.flatMap(({ rules }) => rules);
const dashboard = dashboardSchema.parse(JSON.parse(fileOf('grafana/grove.json')));

const { registry } = createFarmMetrics();
const known = new Set(registry.getMetricsAsArray().flatMap(({ name }) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]));
const unknownIn = (expr: string) => [...expr.matchAll(/\bgrove_\w+/g)].map(([name]) => name).filter((name) => !known.has(name));

describe('alerts and dashboard', () => {
  it.each(alerts.map(({ alert, expr }) => [alert, expr]))('%s looks only at figures that exist', (_alert, expr) => {
    expect(unknownIn(expr)).toEqual([]);
    expect(expr).toMatch(/\bgrove_\w+|\bup\{/);
  });

  it.each(dashboard.panels.map(({ title, targets }) => [title, targets.map(({ expr }) => expr).join(' ')]))(
    'panel "%s" shows only figures that exist',
    (_title, exprs) => {
      expect(unknownIn(exprs)).toEqual([]);
    },
  );

  it('show every figure that is the farm’s own', () => {
    const shown = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join(' ');
    const own = registry.getMetricsAsArray().filter(({ name }) => !/^grove_(?:process|nodejs)_/.test(name));
    expect(own.map(({ name }) => name).filter((name) => !shown.includes(name))).toEqual([]);
  });
});
