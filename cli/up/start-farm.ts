import { resolve } from 'node:path';
import { type AgentFile, loadAgentConfig } from '../../agent/config.ts';
import { startAgent } from '../../agent/main.ts';
import { loadCoordinatorConfig } from '../../coordinator/config.ts';
import { type Coordinator, startCoordinator } from '../../coordinator/main.ts';
import type { CliConfig } from '../config.ts';
import type { CommandContext } from '../context.ts';
import { readContexts, removeContext, saveContext } from '../contexts.ts';
import type { Stoppable } from '../until-stopped.ts';

export interface FarmOptions {
  readonly config: Pick<CliConfig, 'dataFolder' | 'configFile'>;
  /** Address to listen on for other machines. */
  readonly listen?: string;
  readonly publicUrl?: string;
  readonly insecure?: boolean;
  readonly restPort?: number;
  readonly grpcPort?: number;
  /** Where tasks are kept: `redis://HOST:PORT[/DATABASE]`. */
  readonly redisUrl?: string;
  /** The same, with the name of a farm. */
  readonly redis?: { readonly url: string; readonly farm: string };
  /** Where artifacts are kept: `http://HOST:PORT/BUCKET[/PREFIX]`. */
  readonly s3Url?: string;
  /** Also run an agent for this machine. */
  readonly withAgent: boolean;
  readonly logLevel?: NonNullable<AgentFile['logLevel']>;
}

/** A coordinator and, usually, an agent of this machine. */
export interface Farm extends Stoppable {
  readonly url: string;
  readonly agentUrl: string;
  /** How others join and log in; undefined for a farm that enrols nobody. */
  readonly joining: { readonly joinString: string; readonly fingerprint: string } | undefined;
  /** Nobody is asked anything, wherever it listens. */
  readonly insecure: boolean;
}

/** Starts a farm in this process; everything that can crash or hang runs in processes of its own below the agent. Throws what either start throws. */
export async function startFarm(options: FarmOptions, { env }: Pick<CommandContext, 'env'>): Promise<Farm> {
  const { dataFolder, configFile } = options.config;
  const common = { ...(configFile !== undefined && { configFile }), ...(options.logLevel !== undefined && { logLevel: options.logLevel }) };
  const ports = {
    ...(options.listen !== undefined && { listen: options.listen }),
    ...(options.publicUrl !== undefined && { publicUrl: options.publicUrl }),
    ...(options.insecure !== undefined && { insecure: options.insecure }),
    ...(options.restPort !== undefined && { restPort: options.restPort }),
    ...(options.grpcPort !== undefined && { grpcPort: options.grpcPort }),
    ...(options.redis !== undefined && { store: { kind: 'redis' as const, ...options.redis } }),
    ...(options.redisUrl !== undefined && { redisUrl: options.redisUrl }),
    ...(options.s3Url !== undefined && { s3Url: options.s3Url }),
  };
  const config = await loadCoordinatorConfig({ ...common, ...ports, dataFolder }, env);
  const insecure = config.access.kind === 'insecure';
  const coordinator = await startCoordinator(config);
  const { url, agentUrl, enrolment } = coordinator;
  try {
    const joining = enrolment && { ...(await enrolment.makeJoin(JOIN_TERMS, OWNER)), fingerprint: enrolment.authority.fingerprint };
    await logIn(coordinator, dataFolder);
    if (!options.withAgent) return { ...coordinator, joining, insecure };
    const join = enrolment && (await enrolment.makeJoin({ ...JOIN_TERMS, uses: 1 }, OWNER)).joinString;
    const settings = join === undefined ? { agentUrl } : { join };
    const agent = await startAgent(
      await loadAgentConfig({ ...common, insecure, ...settings, dataFolder: resolve(dataFolder, 'agent') }, env),
    );
    const stop = async (reason: string) => {
      await agent.stop(reason);
      await coordinator.stop(reason);
    };
    // A coordinator that is told to stop over its API takes its own agent along.
    const bothDone = coordinator.done.then(() => agent.stop('the coordinator stopped'));
    const done = Promise.all([bothDone, agent.done]).then(() => undefined);
    // Not everybody waits for it; whoever calls `stop` is told of the same failure.
    done.catch(() => {});
    return { url, agentUrl, joining, insecure, stop, done };
  } catch (error) {
    await coordinator.stop('the agent could not start');
    throw error;
  }
}

/** Of the string that `up` prints. */
const JOIN_TERMS = { forMs: 3_600_000, uses: 10 };
/** Who started the farm. */
const OWNER = 'owner';
/** The farm of this machine among those it has logged in to. */
const CONTEXT = 'this-machine';
const OWNER_TOKEN_MS = 365 * 24 * 3_600_000;

/** Makes whoever starts the farm its admin, on this machine, in place of an earlier start. */
async function logIn({ url, enrolment }: Coordinator, dataFolder: string): Promise<void> {
  const earlier = (await readContexts(dataFolder)).contexts.find(({ name }) => name === CONTEXT);
  const [, tokenId] = /^grove_([0-9a-f]+)_/.exec(earlier?.token ?? '') ?? [];
  if (earlier !== undefined) await removeContext(dataFolder, CONTEXT);
  if (enrolment === undefined) return;
  const known = await enrolment.tokens.list();
  if (tokenId !== undefined && known.some(({ id }) => id === tokenId)) await enrolment.tokens.revoke(tokenId);
  const { token } = await enrolment.tokens.make({ name: OWNER, role: 'admin', forMs: OWNER_TOKEN_MS }, OWNER);
  await saveContext(dataFolder, { name: CONTEXT, url, token, authority: enrolment.authority.certificate });
}
