import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ChaosCoordinator } from '../bench/chaos/chaos-coordinator.ts';
import { allLines, startNode } from '../bench/processes/start-process.ts';
import type { Child } from '../domain/ports.ts';
import { INSTALLATION_FOLDER } from '../platform/installation.ts';
import { writeCheckpoint } from '../test/support/checkpoint.ts';
import { startRedisServer } from '../test/support/redis-server.ts';
import { S3_CREDENTIALS, S3Server } from '../test/support/s3-server.ts';

/**
 * `npm run deploy:check`: the topology of `compose.yaml` as processes on loopback (Redis with its append-only file, an S3 server, two coordinators, an
 * agent that knows both), and what it is for: a job runs, the coordinator that serves the agent is killed, another job runs.
 */

const RECIPE = 'ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_trtrtx.json';
const ROWS = Array.from({ length: 12 }, (_, index) =>
  JSON.stringify({ premise: `The grove is green, and device number ${index} is fast.` }),
);

const POLL_MS = 100;
/** An agent looks at its devices before it is ready. */
const IDLE_MS = 120_000;

/** Undone in the opposite order, whatever happens. */
const undo: (() => Promise<unknown>)[] = [];

function checked(what: string): void {
  console.log(`checked: ${what}`);
}

/** Runs a command of the farm to its end; throws what it said unless it succeeds. */
async function grove(url: string, ...args: readonly string[]): Promise<string> {
  const child = startNode([join(INSTALLATION_FOLDER, 'bin/grove.js'), '--url', url, ...args], { cwd: INSTALLATION_FOLDER });
  const [out, err, { code }] = await Promise.all([allLines(child.stdout), allLines(child.stderr), child.exited]);
  if (code !== 0) throw new Error(`grove ${args.join(' ')} ended with ${code}:\n${[...out, ...err].join('\n')}`);
  return out.join('\n');
}

async function startAgent(folder: string, urls: string): Promise<{ readonly child: Child; readonly ended: Promise<never> }> {
  const file = join(folder, 'agent.yaml');
  const settings = { name: 'check', hostName: 'check', hostId: 'host-check', agentUrl: urls, dataFolder: join(folder, 'agent') };
  await writeFile(file, JSON.stringify({ agent: settings }));
  const child = startNode([join(INSTALLATION_FOLDER, 'bin/grove.js'), 'agent', 'run', '--config', file], { cwd: INSTALLATION_FOLDER });
  const output = Promise.all([allLines(child.stdout), allLines(child.stderr)]);
  // However it ends before it is killed, the check is over: nothing would ever take its jobs.
  const ended = child.exited.then(async ({ code }) => {
    throw new Error(`the agent ended with ${code}:\n${(await output).flat().slice(-5).join('\n')}`);
  });
  return { child, ended };
}

/** Throws when no agent is ready in time. */
async function untilIdle({ client }: ChaosCoordinator): Promise<void> {
  for (const giveUpMs = performance.now() + IDLE_MS; performance.now() < giveUpMs; await setTimeout(POLL_MS)) {
    if ((await client.agents()).agents.some(({ state }) => state === 'idle')) return;
  }
  throw new Error(`no agent is idle after ${IDLE_MS} ms`);
}

async function runJob(url: string, folder: string): Promise<void> {
  const sources = ['--model', join(folder, 'model'), '--data', `xnli=${join(folder, 'rows.jsonl')}`, '--substitute-ep', 'cpu'];
  await grove(url, 'submit', RECIPE, ...sources, '--tier', 'smoke', '--launches', '1', '--watch');
}

/** The coordinator whose log tells of the agent's session. */
async function servingOf(coordinators: readonly ChaosCoordinator[]): Promise<ChaosCoordinator> {
  for (const coordinator of coordinators) {
    const log = await readFile(join(coordinator.folder, 'coordinator', 'coordinator.log'), 'utf8');
    if (log.includes('"agent-connected"')) return coordinator;
  }
  throw new Error('the agent has connected to no coordinator');
}

async function check(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'grove-deploy-'));
  undo.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await mkdir(join(folder, 'agent'), { recursive: true });
  await writeCheckpoint(join(folder, 'model'));
  await writeFile(join(folder, 'rows.jsonl'), ROWS.join('\n'));
  const redis = await startRedisServer();
  undo.push(() => redis.stop());
  const s3 = await S3Server.start('versitygw');
  undo.push(() => s3.stop());
  const env = {
    GROVE_REDIS_URL: redis.url,
    GROVE_S3_URL: `${s3.url}/grove`,
    GROVE_S3_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
    GROVE_S3_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
  };
  const coordinators = ['coordinator-1', 'coordinator-2'].map((name) => new ChaosCoordinator(name, { folder, env }));
  undo.push(() => Promise.all(coordinators.map((coordinator) => coordinator.kill())));
  const [first, second] = coordinators;
  if (first === undefined || second === undefined) throw new Error('there are no two coordinators');
  for (const coordinator of coordinators) await coordinator.start();
  const agent = await startAgent(folder, coordinators.map(({ grpcAddress }) => `grpc://${grpcAddress}`).join(','));
  undo.push(async () => {
    agent.child.kill();
    await agent.child.exited;
  });
  await Promise.race([agent.ended, checkFarm(first, second, folder)]);
}

async function checkFarm(first: ChaosCoordinator, second: ChaosCoordinator, folder: string): Promise<void> {
  const coordinators = [first, second];
  await untilIdle(first);
  checked('Redis with its append-only file, an S3 server, two coordinators and an agent run');
  await runJob(first.url, folder);
  checked('a job submitted to the first coordinator ran');
  const ids = async ({ client }: ChaosCoordinator) => (await client.jobs({ limit: 10 })).jobs.map(({ jobId }) => jobId).join();
  if ((await ids(first)) !== (await ids(second))) throw new Error('the coordinators show different jobs');
  checked('both coordinators show it');
  console.log(await grove(second.url, 'doctor'));
  const serving = await servingOf(coordinators);
  const left = serving === first ? second : first;
  await serving.kill();
  checked(`the coordinator that served the agent (${serving.name}) was killed`);
  await runJob(left.url, folder);
  checked('a job submitted to the other one ran on the same agent');
  await serving.start();
  console.log(await grove(serving.url, 'doctor'));
  checked('the killed coordinator came back and sees the farm');
}

try {
  await check();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
}
