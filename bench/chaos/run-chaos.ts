import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createAgentLog } from '../../agent/log-events.ts';
import type { JobView } from '../../api/jobs.ts';
import { GroveError } from '../../domain/errors.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { systemRandom } from '../../platform/random.ts';
import { startRedisServer, type TestRedisServer } from '../../test/support/redis-server.ts';
import { S3_CREDENTIALS, S3Server } from '../../test/support/s3-server.ts';
import { jobIdOf, laneJob, type StandInModel, uploadStandIn } from '../farm/submits.ts';
import { ChaosAgent } from './chaos-agent.ts';
import { ChaosCoordinator } from './chaos-coordinator.ts';
import type { History, HistoryEntry } from './history.ts';

export interface ChaosOptions {
  readonly agents: number;
  /** Longest that a task takes; the mean is half of it. */
  readonly workMs: number;
  /** Pause between two submits. */
  readonly submitEveryMs: number;
  /** How long Redis and the artifact store are away. */
  readonly redisAwayMs: number;
  readonly s3AwayMs: number;
  /** Calm before each fault. */
  readonly calmMs: number;
}

const BENCHMARKS_PER_JOB = 2;
/** After the last fault: leases run out, holds end, agents return. */
const QUIET_MS = 120_000;
const POLL_MS = 250;

/** Runs a farm of two coordinators, lets everything fail in turn while jobs go on, and returns what was seen. */
export async function runChaos(options: ChaosOptions): Promise<History> {
  const folder = await mkdtemp(join(tmpdir(), 'grove-chaos-'));
  // Every answered command is on disk, so that a kill of Redis may lose nothing that was answered.
  const redis = await startRedisServer({ appendFsync: 'always' });
  const s3 = await S3Server.start('versitygw').catch(async (error: unknown) => {
    await redis.stop();
    throw error;
  });
  const env = {
    GROVE_REDIS_URL: redis.url,
    GROVE_S3_URL: `${s3.url}/grove-chaos`,
    GROVE_S3_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
    GROVE_S3_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
  };
  const coordinators = ['a', 'b'].map((name) => new ChaosCoordinator(name, { folder, env }));
  try {
    for (const coordinator of coordinators) await coordinator.start();
    return await new Chaos({ options, coordinators, redis, s3 }).run();
  } finally {
    await Promise.all(coordinators.map((coordinator) => coordinator.kill()));
    await Promise.all([redis.stop(), s3.stop()]);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface ChaosParts {
  readonly options: ChaosOptions;
  readonly coordinators: readonly ChaosCoordinator[];
  readonly redis: TestRedisServer;
  readonly s3: S3Server;
}

class Chaos {
  readonly #parts: ChaosParts;
  readonly #entries: HistoryEntry[] = [];
  readonly #agents: ChaosAgent[] = [];
  readonly #over = new AbortController();

  constructor(parts: ChaosParts) {
    this.#parts = parts;
  }

  async run(): Promise<History> {
    const { coordinators, options } = this.#parts;
    const model = await uploadStandIn(this.#coordinator(0).client);
    this.#startAgents(model);
    const listening = coordinators.map((coordinator) => this.#listen(coordinator));
    const calm = new AbortController();
    const submitting = this.#submitUntil(calm.signal, model);
    await this.#fail();
    await setTimeout(options.calmMs);
    calm.abort();
    await submitting;
    const final = await this.#untilQuiet();
    this.#over.abort();
    await Promise.all([...listening, ...this.#agents.map((agent) => agent.kill())]);
    return { entries: this.#entries, final };
  }

  #coordinator(index: number): ChaosCoordinator {
    const { coordinators } = this.#parts;
    const found = coordinators[index % coordinators.length];
    if (found === undefined) throw new Error('a farm without coordinators');
    return found;
  }

  #startAgents({ converted }: StandInModel): void {
    const log = createAgentLog('silent', { write: () => {} });
    const urls = this.#parts.coordinators.map(({ grpcAddress }) => `grpc://${grpcAddress}`).join(',');
    for (let index = 0; index < this.#parts.options.agents; index++) {
      const { workMs } = this.#parts.options;
      const shared = { urls, workMs, clock: createSystemClock(), random: systemRandom, log, blob: converted };
      const agent = new ChaosAgent({ ...shared, agentId: `chaos-${index}`, record: (entry) => this.#entries.push(entry) });
      this.#agents.push(agent);
      agent.start();
    }
  }

  /** A stream that is given up while its coordinator is away is opened again where it ended. */
  async #listen(coordinator: ChaosCoordinator): Promise<void> {
    let after = 0;
    while (!this.#over.signal.aborted) {
      try {
        for await (const event of coordinator.client.events({ after, signal: this.#over.signal })) {
          if ('sequence' in event && event.type !== 'reset') after = event.sequence;
          this.#entries.push({ type: 'event', coordinator: coordinator.name, event });
        }
      } catch {
        await setTimeout(POLL_MS);
      }
    }
  }

  async #submitUntil(calm: AbortSignal, model: StandInModel): Promise<void> {
    const running: Promise<void>[] = [];
    for (let index = 0; !calm.aborted; index++) {
      running.push(this.#submit(index, model));
      await setTimeout(this.#parts.options.submitEveryMs);
    }
    await Promise.all(running);
  }

  /** Repeated with its key, at the other coordinator, until it is answered. */
  async #submit(index: number, model: StandInModel): Promise<void> {
    const key = `chaos-submit-${index}`;
    const { where: _, ...request } = await laneJob(model, { lane: index, benchmarks: BENCHMARKS_PER_JOB });
    for (let tried = 0; ; tried++) {
      const coordinator = this.#coordinator(index + tried);
      try {
        const answer = await coordinator.client.submit(request, key);
        this.#entries.push({ type: 'accepted', key, jobId: jobIdOf(answer), coordinator: coordinator.name });
        return;
      } catch (error) {
        if (!(error instanceof GroveError) || error.spec.fault === 'input') throw error;
        await setTimeout(POLL_MS);
      }
    }
  }

  async #fail(): Promise<void> {
    const { options, redis, s3 } = this.#parts;
    const [first, second] = [this.#coordinator(0), this.#coordinator(1)];
    await this.#fault('coordinator a killed', () => first.kill());
    await this.#fault('coordinator a started', () => first.start());
    await this.#fault('an agent killed', () => this.#restartAgent(0));
    await this.#fault('Redis killed', () => redis.kill());
    await setTimeout(options.redisAwayMs);
    await this.#fault('Redis started', () => redis.restart());
    await this.#fault('artifact store killed', () => s3.kill());
    await setTimeout(options.s3AwayMs);
    await this.#fault('artifact store started', () => s3.start());
    await this.#fault('coordinator b killed, and an agent', () => Promise.all([second.kill(), this.#restartAgent(1)]));
    await this.#fault('coordinator b started', () => second.start());
    await this.#fault('all agents killed', () => Promise.all(this.#agents.map((_, index) => this.#restartAgent(index))));
  }

  async #fault(what: string, work: () => Promise<unknown>): Promise<void> {
    await setTimeout(this.#parts.options.calmMs);
    this.#entries.push({ type: 'fault', what });
    await work();
  }

  async #restartAgent(index: number): Promise<void> {
    await this.#agents[index]?.kill();
    this.#agents[index]?.start();
  }

  /** The accepted jobs as each coordinator shows them, once all have ended or it takes too long. */
  async #untilQuiet(): Promise<History['final']> {
    const ids = [...new Set(this.#entries.flatMap((entry) => (entry.type === 'accepted' ? [entry.jobId] : [])))];
    for (const giveUpMs = performance.now() + QUIET_MS; ; await setTimeout(POLL_MS)) {
      const jobs = await jobsOf(this.#coordinator(0), ids);
      const ended = jobs.every(({ state }) => state !== 'running');
      if (!ended && performance.now() < giveUpMs) continue;
      const all = await Promise.all(this.#parts.coordinators.map(async (one) => [one.name, await jobsOf(one, ids)] as const));
      return Object.fromEntries(all);
    }
  }
}

/** A job the coordinator does not know is left out. */
async function jobsOf({ client }: ChaosCoordinator, ids: readonly string[]): Promise<readonly JobView[]> {
  const jobs: JobView[] = [];
  for (const id of ids) {
    const job = await client.job(id).catch(() => undefined);
    if (job !== undefined) jobs.push(job);
  }
  return jobs;
}
