import { join } from 'node:path';
import { type AgentFile, loadAgentConfig } from '../../agent/config.ts';
import { startAgent } from '../../agent/main.ts';
import { loadCoordinatorConfig } from '../../coordinator/config.ts';
import { startCoordinator } from '../../coordinator/main.ts';
import type { CliConfig } from '../config.ts';
import type { CommandContext } from '../context.ts';
import type { Stoppable } from '../until-stopped.ts';

export interface FarmOptions {
  readonly config: Pick<CliConfig, 'dataFolder' | 'configFile'>;
  readonly host?: string;
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
}

/** Starts a farm in this process; everything that can crash or hang runs in processes of its own below the agent. Throws what either start throws. */
export async function startFarm(options: FarmOptions, { env }: Pick<CommandContext, 'env'>): Promise<Farm> {
  const { dataFolder, configFile } = options.config;
  const common = { ...(configFile !== undefined && { configFile }), ...(options.logLevel !== undefined && { logLevel: options.logLevel }) };
  const ports = {
    ...(options.host !== undefined && { host: options.host }),
    ...(options.restPort !== undefined && { restPort: options.restPort }),
    ...(options.grpcPort !== undefined && { grpcPort: options.grpcPort }),
    ...(options.redis !== undefined && { store: { kind: 'redis' as const, ...options.redis } }),
    ...(options.redisUrl !== undefined && { redisUrl: options.redisUrl }),
    ...(options.s3Url !== undefined && { s3Url: options.s3Url }),
  };
  const coordinator = await startCoordinator(await loadCoordinatorConfig({ ...common, ...ports, dataFolder }, env));
  const agentUrl = `grpc://${coordinator.grpcAddress}`;
  if (!options.withAgent) return { ...coordinator, agentUrl };
  try {
    const agent = await startAgent(await loadAgentConfig({ ...common, agentUrl, dataFolder: join(dataFolder, 'agent') }, env));
    const stop = async (reason: string) => {
      await agent.stop(reason);
      await coordinator.stop(reason);
    };
    // A coordinator that is told to stop over its API takes its own agent along.
    const bothDone = coordinator.done.then(() => agent.stop('the coordinator stopped'));
    const done = Promise.all([bothDone, agent.done]).then(() => undefined);
    // Not everybody waits for it; whoever calls `stop` is told of the same failure.
    done.catch(() => {});
    return { url: coordinator.url, agentUrl, stop, done };
  } catch (error) {
    await coordinator.stop('the agent could not start');
    throw error;
  }
}
