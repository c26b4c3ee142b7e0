import type { ImportedResult } from '../../domain/imported-result.ts';
import { shortEp } from '../../domain/matrix-text.ts';
import { print, table } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

export const RESULT_NOUN = 'results of other tools';

/** `grove result list`: what was imported. */
export const registerResultList: RegisterCommand = (program, context) => {
  const command = noun(program, 'result', RESULT_NOUN).command('list').description('list the imported results');
  withOutput(command).action(async (options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.importedResults(), ({ results }) => resultTable(results));
  });
};

/** Results as a person reads them. */
export function resultTable(results: readonly ImportedResult[]): string {
  return table(
    ['model', 'variant', 'device', 'EP', 'tool', 'ms', 'imported', 'by'],
    results.map(({ modelId, variant, deviceModel, ep, tool, latencyMs, importedAt, importedBy }) => [
      ...[modelId, variant, deviceModel, shortEp(ep), tool, latencyMs.toPrecision(4)],
      ...[new Date(importedAt).toISOString(), importedBy],
    ]),
  );
}
