import type { EpDefinition } from '../../engine/runtime/eps/ep-definition.ts';
import { cell } from './markdown.ts';

/** What the page is made of. */
export interface ExecutionProvidersPageSources {
  /** Markdown with the two markers, each on a line of its own. */
  readonly prose: string;
  readonly providers: readonly EpDefinition[];
}

/** `docs/execution-providers.md`: the prose, a table of what was run where, and a section for each provider. */
export function renderExecutionProvidersPage({ prose, providers }: ExecutionProvidersPageSources): string {
  return prose
    .replace('<!-- proofs -->', () => proofTable(providers))
    .replace('<!-- providers -->\n', () => `${providers.map(section).join('\n')}`);
}

function proofTable(providers: readonly EpDefinition[]): string {
  const rows = providers.map(({ title, name, proof }) => `| ${title} | \`${name}\` | ${cell(proof)} |`);
  return ['| provider | name | proof |', '|---|---|---|', ...rows].join('\n');
}

function section(provider: EpDefinition): string {
  const { title, name, id, classes, install, fallback } = provider;
  return [
    `## ${title}\n`,
    `\`${name}\`, packages \`${id}@VERSION\`. Devices: ${classes.join(', ')}.\n`,
    `- **Linux**: ${install.linux}`,
    `- **Windows**: ${install.windows}`,
    `- **Models**: ${needs(provider)}.`,
    `- **Fallback**: ${fallback}`,
    ...defaults(provider),
    '',
    optionTable(provider),
  ].join('\n');
}

function needs({ needs: { staticShapes, qdq, contextCache } }: EpDefinition): string {
  const parts = [
    staticShapes && 'fixed shapes',
    qdq && 'quantised (Q/DQ) for full speed',
    contextCache && 'the first session compiles: cold and warm creation differ',
  ].filter((part) => part !== false);
  return parts.length === 0 ? 'nothing special' : parts.join('; ');
}

function defaults({ benchmarkDefaults, packageOptions }: EpDefinition): string[] {
  const set = Object.entries(benchmarkDefaults).map(([option, value]) => `\`${option}=${value}\``);
  const found = Object.keys(packageOptions).map((option) => `\`${option}\` to the file in the package`);
  return set.length + found.length === 0 ? [] : [`- **A measurement sets** ${[...set, ...found].join(', ')}, unless told otherwise.`];
}

function optionTable({ options }: EpDefinition): string {
  const rows = Object.entries(options).map(([name, { type, values, meaning }]) => {
    const allowed = values === undefined ? type : values.map((value) => `\`${value}\``).join(', ');
    return `| \`${name}\` | ${allowed} | ${cell(meaning)} |`;
  });
  return rows.length === 0 ? 'It has no options.\n' : `${['| option | values | it means |', '|---|---|---|', ...rows].join('\n')}\n`;
}
