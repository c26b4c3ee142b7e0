import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds of work: from a fetch that found everything in the cache to a ranked measurement. */
const WORK_BUCKETS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_200, 3_600];
const REQUEST_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

/**
 * Every figure of a coordinator, by the name that dashboards and alerts use. Labels take their values from small fixed vocabularies: no job, task, agent or
 * recipe ever is one.
 */
export function createFarmMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'grove_' });
  const registers = [registry];
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  const place = ['kind', 'ep', 'device_class'] as const;
  return {
    registry,
    pending: gauge('grove_queue_tasks', 'Tasks that wait for a device, by what they require.', place),
    oldest: gauge('grove_queue_oldest_seconds', 'Longest that a waiting task has been waiting, by what it requires.', place),
    devices: gauge('grove_devices', 'Devices by kind and state of their agent.', ['device_class', 'state']),
    leases: gauge('grove_leases', 'Attempts that run now.'),
    storeUp: gauge('grove_store_up', '1 while the task store answers.'),
    storeSeconds: gauge('grove_store_latency_seconds', 'How long the task store took to list its queues for this scrape.'),
    artifactsUp: gauge('grove_artifacts_up', '1 while the artifact store can be used.'),
    artifactsSeconds: gauge('grove_artifacts_latency_seconds', 'How long the artifact store took to look for a blob for this scrape.'),
    coordinators: gauge('grove_coordinators', 'Coordinators of the farm heard of lately.'),
    attemptsEnded: new Counter({
      name: 'grove_attempts_ended_total',
      help: 'Attempts and tasks that ended, as this coordinator heard of it since its start; the farm’s, also those of other coordinators.',
      labelNames: ['state', 'code'],
      registers,
    }),
    stageSeconds: new Histogram({
      name: 'grove_stage_seconds',
      help: 'How long the stages of tasks took, by the progress that agents report.',
      labelNames: ['stage'],
      buckets: WORK_BUCKETS,
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'grove_http_request_seconds',
      help: 'How long requests took until their connection was done with them, streams included.',
      labelNames: ['method', 'status'],
      buckets: REQUEST_BUCKETS,
      registers,
    }),
  };
}

export type FarmMetrics = ReturnType<typeof createFarmMetrics>;
