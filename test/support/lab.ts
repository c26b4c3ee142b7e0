import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type GroveClient } from '../../api/client.ts';
import type { JobView } from '../../api/jobs.ts';
import type { TaskSummary } from '../../api/tasks.ts';
import { isSameProcess, type ProcessIdentity } from '../../platform/process-identity.ts';
import { AgentLink } from './agent-link.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { eventually, type Finished, GroveProcess } from './grove-process.ts';

/** The recipe the tests submit. */
export const RECIPE = 'ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_trtrtx.json';

/** Rows for its data_config: ten are used. */
const ROWS = Array.from({ length: 12 }, (_, index) => ({ premise: `The grove is green, and device number ${index} is fast.` }));

/** A line of the coordinator's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** An agent process and what a test wants to know of it. */
export interface LabAgent {
  readonly name: string;
  readonly process: GroveProcess;
  readonly folder: string;
}

export interface AgentSettings {
  /** Default: straight to the coordinator. */
  readonly url?: string;
  /** Further entries of the agent's section in its configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Further environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A room for one test: a temporary folder, real `grove` processes, links between them. `close` ends every process, however the test went.
 */
export class Lab {
  readonly folder: string;
  readonly #processes: GroveProcess[] = [];
  readonly #links: AgentLink[] = [];
  #coordinator: GroveProcess | undefined;
  #addresses = { url: '', grpcAddress: '' };

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Lab> {
    const lab = new Lab(await mkdtemp(join(tmpdir(), 'grove-lab-')));
    await writeCheckpoint(lab.model);
    await writeFile(lab.rows, ROWS.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return lab;
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.end('SIGKILL')));
    await Promise.all(this.#links.map((link) => link.close()));
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** A checkpoint that the catalogue's recipes convert in a second. */
  get model(): string {
    return join(this.folder, 'model');
  }

  get rows(): string {
    return join(this.folder, 'rows.jsonl');
  }

  /** Of the coordinator. */
  get dataFolder(): string {
    return join(this.folder, 'farm');
  }

  get url(): string {
    return this.#addresses.url;
  }

  get grpcAddress(): string {
    return this.#addresses.grpcAddress;
  }

  get client(): GroveClient {
    return createClient({ url: this.url, retryDelayMs: 50 });
  }

  /** Starts a command and returns while it runs. Nothing of this machine's own environment or home reaches it. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): GroveProcess {
    const url: Record<string, string> = this.url === '' ? {} : { GROVE_URL: this.url };
    const own = { PATH: process.env.PATH ?? '', HOME: this.folder, GROVE_DATA: this.dataFolder, NO_COLOR: '1' };
    const started = new GroveProcess(args, { cwd: this.folder, env: { ...own, ...url, ...env } });
    this.#processes.push(started);
    return started;
  }

  /** Runs a command to its end. */
  grove(...args: readonly string[]): Promise<Finished> {
    return this.start(args).finished;
  }

  /** Runs a command that must succeed and print JSON. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const { code, out, err } = await this.grove(...args);
    if (code !== 0) throw new Error(`grove ${args.join(' ')} ended with ${code}:\n${err}`);
    return JSON.parse(out);
  }

  /** Starts a coordinator; after {@link killCoordinator} one on the same data and the same ports, where its agents look for it. */
  async startCoordinator(env: Readonly<Record<string, string>> = {}): Promise<GroveProcess> {
    const port = (address: string) => /:(\d+)$/.exec(address)?.[1] ?? '0';
    const ports = ['--port', port(this.url), '--agent-port', port(this.grpcAddress)];
    await rm(join(this.dataFolder, 'farm.json'), { force: true });
    const coordinator = this.start(['up', '--no-agent', ...ports, '--log-level', 'info'], env);
    this.#coordinator = coordinator;
    await coordinator.until(() => (coordinator.out.includes('Grove is up') ? true : undefined));
    this.#addresses = JSON.parse(await readFile(join(this.dataFolder, 'farm.json'), 'utf8'));
    return coordinator;
  }

  async killCoordinator(): Promise<void> {
    await this.#coordinator?.end('SIGKILL');
  }

  /** Whether the coordinator still serves: asked after everything bad that was sent to it. */
  async isServing(): Promise<boolean> {
    return this.#coordinator?.hasEnded === false && (await this.client.ready()).ready;
  }

  /** What the coordinator logged of one event. */
  async logged(event: string): Promise<readonly LogLine[]> {
    const text = await this.#coordinatorLog();
    const lines: LogLine[] = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
    return lines.filter((line) => line['event'] === event);
  }

  /** Everything that the coordinator and its agents wrote for people. */
  async logText(): Promise<string> {
    return [await this.#coordinatorLog(), ...this.#processes.flatMap(({ out, err }) => [out, err])].join('\n');
  }

  #coordinatorLog(): Promise<string> {
    return readFile(join(this.dataFolder, 'coordinator', 'coordinator.log'), 'utf8');
  }

  /** A proxy in front of the coordinator. */
  async openLink(): Promise<AgentLink> {
    const link = await AgentLink.open(() => this.grpcAddress);
    this.#links.push(link);
    return link;
  }

  /** An agent with a host of its own: the farm takes it for another machine. It has been welcomed when this resolves. */
  async startAgent(name: string, { url = `grpc://${this.grpcAddress}`, config = {}, env = {} }: AgentSettings = {}): Promise<LabAgent> {
    const folder = join(this.folder, name);
    await mkdir(folder, { recursive: true });
    const file = join(this.folder, `${name}.yaml`);
    const settings = { name, hostName: name, hostId: `host-${name}`, agentUrl: url, dataFolder: folder, logLevel: 'info', ...config };
    await writeFile(file, JSON.stringify({ agent: settings }));
    const agent: LabAgent = { name, folder, process: this.start(['agent', 'run', '--config', file], { GROVE_DATA: '', ...env }) };
    await agent.process.until(() => (agent.process.err.includes('"event":"connected"') ? true : undefined));
    return agent;
  }

  /** Submits the recipe on the tiny model; returns the job's id. */
  async submit(...options: readonly string[]): Promise<string> {
    const answer = await this.json<{ jobId: string }>('submit', RECIPE, ...this.sources(), ...options, '-o', 'json');
    return answer.jobId;
  }

  /** Options that every submit of the tiny model has. */
  sources(model = this.model): readonly string[] {
    return ['--model', model, '--data', `xnli=${this.rows}`, '--substitute-ep', 'cpu', '--tier', 'smoke'];
  }

  /** The job when it has ended. */
  ended(jobId: string): Promise<JobView> {
    return eventually(async () => {
      const job = await this.client.job(jobId);
      return job.state !== 'running' && job;
    }, `the end of job ${jobId}`);
  }

  /** The job's benchmark once the condition holds. */
  benchmark(jobId: string, condition: (task: TaskSummary) => boolean): Promise<TaskSummary> {
    return eventually(async () => {
      const { tasks } = await this.client.job(jobId);
      return tasks.find((task) => task.kind === 'benchmark' && condition(task));
    }, `the benchmark of job ${jobId}`);
  }

  /** The process of an agent's child while it measures. */
  measuring(agent: LabAgent): Promise<ProcessIdentity> {
    return eventually(async () => {
      const records = await Promise.all((await filesIn(join(agent.folder, 'children'))).map(readJson));
      const found = records.find((record) => record?.['stage'] === 'launch');
      const identity = { pid: Number(found?.['pid']), startTime: String(found?.['startTime']) };
      return found !== undefined && (await isSameProcess(identity)) && identity;
    }, `a launch on ${agent.name}`);
  }

  /** Resolves when no result of the agent waits for an acknowledgement. */
  async delivered(agent: LabAgent): Promise<void> {
    await eventually(async () => (await this.unsentResults(agent)).length === 0, `${agent.name} to deliver its results`);
  }

  unsentResults(agent: LabAgent): Promise<readonly string[]> {
    return filesIn(join(agent.folder, 'results'));
  }
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith('.json')).map((name) => join(folder, name));
}

/** Undefined when the file has gone meanwhile. */
async function readJson(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}
