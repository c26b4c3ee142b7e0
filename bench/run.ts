import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { benchAssignments } from './assignments.ts';
import { type BenchOptions, type BenchReport, runText } from './bench-report.ts';
import { benchChaos } from './chaos/bench-chaos.ts';
import { benchConversion } from './conversion.ts';
import { benchDepth } from './depth.ts';
import { benchFidelity } from './fidelity/bench-fidelity.ts';
import { benchHistory } from './history.ts';
import { describeMachine } from './machine.ts';
import { benchMatrix } from './matrix.ts';
import { recordRun } from './record-run.ts';
import { benchRecovery } from './recovery.ts';
import { benchStores } from './stores.ts';
import { benchSubmitLatency } from './submit-latency.ts';
import { BENCH_FOLDER } from './work-place.ts';

/** No bench takes this long even on a busy machine: one that does hangs. */
const LIMIT_MS = 600_000;

const BENCHES: Readonly<Record<string, (options: BenchOptions) => Promise<BenchReport>>> = {
  conversion: benchConversion,
  assign: benchAssignments,
  store: benchStores,
  submit: benchSubmitLatency,
  depth: benchDepth,
  recovery: benchRecovery,
  chaos: benchChaos,
  fidelity: benchFidelity,
  matrix: benchMatrix,
  history: benchHistory,
};

/** Names for several of them. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  all: Object.keys(BENCHES),
  farm: ['assign', 'store', 'submit', 'depth', 'recovery'],
};

const USAGE = `usage: npm run bench -- [${[...Object.keys(GROUPS), ...Object.keys(BENCHES)].join('|')}] [-o table|json] [--record] [--profile]`;

interface Arguments {
  readonly names: readonly string[];
  readonly output: string;
  /** Write the figures into `docs/benchmarks.md`. */
  readonly record: boolean;
  readonly profile: boolean;
}

function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o', default: 'table' },
      record: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
    },
  });
  const [which = 'all', ...rest] = positionals;
  const names = Object.hasOwn(GROUPS, which) ? (GROUPS[which] ?? []) : [which];
  if (rest.length > 0 || names.some((name) => !Object.hasOwn(BENCHES, name)) || !['table', 'json'].includes(values.output))
    throw new Error(USAGE);
  return { names, ...values };
}

/** Ends the processes it started too. */
function giveUp(name: string): never {
  console.error(`bench: ${name} has not ended within ${LIMIT_MS / 60_000} minutes`);
  process.exit(1);
}

async function main(): Promise<void> {
  const { names, output, record, profile } = readArguments();
  await mkdir(BENCH_FOLDER, { recursive: true });
  const machine = await describeMachine(BENCH_FOLDER);
  const reports: BenchReport[] = [];
  for (const name of names) {
    console.error(`bench: ${name} ...`);
    const watchdog = setTimeout(() => giveUp(name), LIMIT_MS);
    const report = await BENCHES[name]?.({ profile }).finally(() => clearTimeout(watchdog));
    if (report !== undefined) reports.push(report);
  }
  const run = { machine, reports };
  if (record) await recordRun(run, new Date().toISOString().slice(0, 10));
  console.log(output === 'json' ? JSON.stringify(run, null, 2) : runText(run));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
