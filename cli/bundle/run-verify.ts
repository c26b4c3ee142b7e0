import { resolve } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { print, table } from '../output.ts';
import { readPublicKey } from './bundle-key.ts';
import { type VerifiedBundle, verifyBundle } from './verify-bundle.ts';

/** `grove bundle verify`'s options. */
export interface VerifyBundleOptions extends OutputOptions {
  readonly key?: string;
}

/** What is printed of a bundle. */
type Verdict = Omit<VerifiedBundle, 'members'> & { readonly intact: boolean };

/** Says every way in which a bundle is not what was signed; exit code 1 when there is one. Throws `not-found` for a file that cannot be opened. */
export async function runVerifyBundle(
  file: string,
  options: VerifyBundleOptions,
  { terminal, exit }: Pick<CommandContext, 'terminal' | 'exit'>,
): Promise<void> {
  const key = options.key === undefined ? undefined : await readPublicKey(options.key);
  const { members: _, ...verified } = await openBundle(file, key);
  const verdict: Verdict = { intact: verified.problems.length === 0, ...verified };
  print({ output: options.output, terminal }, verdict, verdictText);
  if (!verdict.intact) exit(EXIT.error);
}

/** Throws `not-found` for a file that cannot be opened. */
export async function openBundle(file: string, key: string | undefined): Promise<VerifiedBundle> {
  return await verifyBundle(resolve(file), key).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    throw code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR'
      ? new GroveError('not-found', { kind: 'bundle', id: file }, { cause })
      : cause;
  });
}

function verdictText({ file, intact, problems, manifest, signature, keyIsKnown }: Verdict): string {
  if (!intact) {
    const rows = problems.map(({ member, problem }) => [member || '(the archive)', problem]);
    return [`NOT INTACT: ${file}`, table(['member', 'problem'], rows)].join('\n');
  }
  const { members = [], leftOut = [], taskId = '', groveVersion = '' } = manifest ?? {};
  return [
    `intact: ${file}`,
    `the evidence of ${taskId}, ${members.length} members, written by Grove ${groveVersion}`,
    `signed by ${signature?.keyId}${keyIsKnown ? ', the key you named' : '; give --key to know that this is the key of your farm'}`,
    ...leftOut.map(
      ({ path, sha256, why }) => `left out: ${path} (${why === 'asked' ? 'asked for' : 'not stored any more'}), SHA-256 ${sha256}`,
    ),
  ].join('\n');
}
