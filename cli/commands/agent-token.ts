import { durationMs, positiveInteger, present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface AgentTokenOptions extends OutputOptions {
  readonly uses?: number;
  readonly for?: number;
}

/** `grove agent token`: a string by which machines join the farm. */
export const registerAgentToken: RegisterCommand = (program, context) => {
  const command = noun(program, 'agent', 'agents: the lab machines')
    .command('token')
    .description('make a string by which machines join the farm: grove agent run --join STRING')
    .option('--uses <count>', 'machines it takes in (default 10)', positiveInteger)
    .option('--for <duration>', 'how long it is good, at most 7d (default 1h)', durationMs);
  withOutput(command).action(async (options: AgentTokenOptions) => {
    const client = await clientOf(command, context);
    const made = await client.createJoin(present({ uses: options.uses, forMs: options.for }));
    print({ ...options, terminal: context.terminal }, made, ({ joinString }) => joinString);
  });
};
