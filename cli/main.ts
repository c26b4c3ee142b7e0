import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { GroveError, toGroveError } from '../domain/errors.ts';
import { holdProcess } from '../platform/keep-alive.ts';
import { VERSION } from '../platform/version.ts';
import { COMMANDS } from './commands/index.ts';
import type { CommandContext } from './context.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { describeError, processTerminal, type Terminal } from './output.ts';

/** Runs one command line and returns its exit code. Never throws: every error ends as a message with advice on standard error. */
export async function main(
  argv: readonly string[],
  terminal: Terminal = processTerminal,
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  let exitCode: number = EXIT.ok;
  const setExitCode = (code: number) => {
    exitCode = code;
  };
  // A stage process that a command waits for is awaited by timers that do not hold the process.
  const letProcessEnd = holdProcess();
  const interruption = interruptOnSignals();
  const context: CommandContext = { terminal, env, exit: setExitCode, interrupted: interruption.signal };
  const program = buildProgram(context);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    return reportFailure(thrown, {
      terminal,
      json: argv.includes('--json') || /(^| )-o[ =]?json( |$)/.test(argv.join(' ')),
      interrupted: interruption.signal.aborted,
    });
  } finally {
    interruption.release();
    letProcessEnd();
  }
}

/** Every command, bound to its context. */
export function buildProgram(context: CommandContext): Command {
  const program = new Command('grove')
    .description('A self-hosted device farm for on-device AI: Olive recipes in, one trustworthy recipe x device matrix out.')
    .version(VERSION)
    .option('--url <url>', 'address of the farm (GROVE_URL; default http://127.0.0.1:4700)')
    .option('--config <file>', 'configuration file (GROVE_CONFIG)')
    .showHelpAfterError('(run with --help for usage)')
    .configureOutput({
      writeOut: (text) => context.terminal.out(text.trimEnd()),
      writeErr: (text) => context.terminal.error(text.trimEnd()),
    });
  for (const register of COMMANDS) register(program, context);
  exitByThrowing(program);
  return program;
}

function exitByThrowing(command: Command): void {
  command.exitOverride();
  command.commands.forEach(exitByThrowing);
}

interface Failure {
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly interrupted: boolean;
}

function reportFailure(thrown: unknown, { terminal, json, interrupted }: Failure): number {
  if (thrown instanceof CommanderError && !(thrown instanceof InvalidArgumentError)) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (interrupted) return EXIT.interrupted;
  const error = usageErrorOf(thrown) ?? toGroveError(thrown);
  terminal.error(json ? JSON.stringify({ error: error.toReport() }) : describeError(error));
  return exitCodeOf({ code: error.code, fault: error.spec.fault });
}

/** Commander prints what its own parsing refuses; a value that an action refuses is still to be told. */
function usageErrorOf(thrown: unknown): GroveError | undefined {
  return thrown instanceof InvalidArgumentError
    ? new GroveError('invalid-argument', { problem: thrown.message.replace(/\.$/, '') })
    : undefined;
}

/** The first signal asks, the second one is the operating system's own: it ends the process. */
function interruptOnSignals(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  process.once('SIGINT', abort).once('SIGTERM', abort);
  return { signal: controller.signal, release: () => void process.off('SIGINT', abort).off('SIGTERM', abort) };
}
