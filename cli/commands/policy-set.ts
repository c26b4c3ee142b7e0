import { readFile } from 'node:fs/promises';
import { GroveError } from '../../domain/errors.ts';
import { schedulingPolicySchema } from '../../domain/policy.ts';
import { print } from '../output.ts';
import { policyText } from '../policy-text.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove policy set FILE`: replaces weights and quotas by those of a YAML or JSON file. */
export const registerPolicySet: RegisterCommand = (program, context) => {
  const command = noun(program, 'policy', 'policy: how devices are shared among submitters')
    .command('set <file>')
    .description('replace weights and quotas by those of a YAML or JSON file');
  withOutput(command).action(async (file: string, options: OutputOptions) => {
    const policy = await readPolicy(file);
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.setPolicy(policy), policyText);
  });
};

async function readPolicy(file: string) {
  const { parse } = await import('yaml');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw invalid(file, error instanceof Error ? error.message : String(error));
  });
  const checked = schedulingPolicySchema.safeParse(parsed(file, text, parse));
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw invalid(file, `${issue?.path.join('.') || 'the document'}: ${issue?.message ?? 'not a policy'}`);
}

function parsed(file: string, text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw invalid(file, error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error));
  }
}

function invalid(file: string, problem: string): GroveError {
  return new GroveError('invalid-argument', { problem: `${file}: ${problem}` });
}
