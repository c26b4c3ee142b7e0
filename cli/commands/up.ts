import { Option } from 'commander';
import type { AgentFile } from '../../agent/config.ts';
import { port, present } from '../option-parsers.ts';
import { untilStopped } from '../until-stopped.ts';
import type { Farm } from '../up/start-farm.ts';
import { configOf, type RegisterCommand } from './command.ts';

interface UpOptions {
  readonly listen?: string;
  readonly publicUrl?: string;
  readonly insecure?: boolean;
  readonly port?: number;
  readonly agentPort?: number;
  readonly redis?: string;
  readonly s3?: string;
  readonly agent: boolean;
  readonly logLevel: NonNullable<AgentFile['logLevel']>;
}

/** `grove up`: a coordinator and an agent of this machine, until Ctrl-C or `grove down`. */
export const registerUp: RegisterCommand = (program, context) => {
  const command = program.command('up').description('start a farm on this machine: coordinator and agent');
  command
    .option(
      '--listen <address>',
      'address to listen on for other machines, with TLS, tokens and enrolled agents (default: 127.0.0.1, this machine only, without)',
    )
    .option('--public-url <url>', 'https://HOST[:PORT] under which other machines reach it (default: the address it listens on)')
    .option('--insecure', 'with --listen: no TLS, and nobody is asked who they are')
    .option('--port <port>', 'port of the API and pages (default 4700)', port)
    .option('--agent-port <port>', 'port agents connect to (default 4701)', port)
    .option('--redis <url>', 'keep tasks in Redis, which several coordinators may share: redis://HOST:PORT[/DATABASE]; needs --s3')
    .option(
      '--s3 <url>',
      'keep artifacts in S3: http://HOST:PORT/BUCKET[/PREFIX]; keys from GROVE_S3_ACCESS_KEY_ID and GROVE_S3_SECRET_ACCESS_KEY',
    )
    .option('--no-agent', 'start only the coordinator')
    .addOption(new Option('--log-level <level>', 'what to log').choices(['debug', 'info', 'warn', 'error', 'silent']).default('warn'))
    .action(async (options: UpOptions) => {
      const { startFarm } = await import('../up/start-farm.ts');
      const flags = present({
        listen: options.listen,
        publicUrl: options.publicUrl,
        insecure: options.insecure,
        restPort: options.port,
        grpcPort: options.agentPort,
        s3Url: options.s3,
        redisUrl: options.redis,
      });
      const farm = await startFarm(
        { config: await configOf(command, context), ...flags, withAgent: options.agent, logLevel: options.logLevel },
        context,
      );
      context.terminal.out(`Grove is up: ${farm.url} (matrix, API reference at ${farm.url}/docs)`);
      for (const line of joinLines(farm)) context.terminal.out(line);
      context.terminal.out(`Agents connect to ${farm.agentUrl}. Stop with Ctrl-C or \`grove down\`.`);
      await untilStopped(farm, context.interrupted);
    });
};

/** How others come in. The strings are told once and kept nowhere. */
function joinLines({ url, joining, insecure }: Pick<Farm, 'url' | 'joining' | 'insecure'>): readonly string[] {
  if (insecure) return ['WARNING: --insecure. Whoever reaches these addresses may do everything, and reads everything on the way.'];
  if (joining === undefined) return [];
  return [
    'A machine joins within the hour (10 machines; more with `grove agent token`):',
    `  grove agent run --join ${joining.joinString}`,
    'A person logs in with a token of `grove token create NAME`; this machine is logged in as admin:',
    `  grove login ${url} --fingerprint ${joining.fingerprint}`,
  ];
}
