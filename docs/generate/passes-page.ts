import type { z } from 'zod';
import { externalDataShape } from '../../domain/passes/external-data.ts';
import type { PassManifest } from '../../domain/passes/manifest.ts';
import type { SurgeonManifest } from '../../domain/passes/native-surgeons.ts';
import { cell } from './markdown.ts';
import { parameterSchemas, type SchemaNode, typeWords } from './schema-words.ts';

/** Where the prose leaves room for what is rendered from the registry. */
const MARKERS = { overview: '<!-- overview -->', externalData: '<!-- external data -->', passes: '<!-- passes -->' };

/** What the page is made of. */
export interface PassesPageSources {
  /** Markdown with the three markers, each on a line of its own. */
  readonly prose: string;
  readonly passes: readonly PassManifest[];
  readonly surgeons: readonly SurgeonManifest[];
}

/** `docs/passes.md`: the prose, an overview, and a section for every pass with its parameters, what goes to Olive and where Grove differs. */
export function renderPassesPage({ prose, passes, surgeons }: PassesPageSources): string {
  const sections = passes.map((pass) => passSection(pass, pass.type === 'GraphSurgeries' ? surgeons : []));
  return prose
    .replace(MARKERS.overview, () => overview(passes))
    .replace(MARKERS.externalData, () => parameterTable(externalDataShape))
    .replace(MARKERS.passes, () => sections.join('\n\n'));
}

function overview(passes: readonly PassManifest[]): string {
  const rows = passes.map(({ type, side, summary }) => `| [${type}](#${type.toLowerCase()}-${side}) | ${side} | ${cell(summary)} |`);
  return ['| pass | side | what it does |', '|---|---|---|', ...rows].join('\n');
}

function passSection({ type, side, summary, shape, documentation }: PassManifest, surgeons: readonly SurgeonManifest[]): string {
  const own = Object.fromEntries(Object.entries(shape).filter(([name]) => !Object.hasOwn(externalDataShape, name)));
  const writesFile = Object.keys(own).length < Object.keys(shape).length;
  const blocks = [
    `## ${type} (${side})`,
    summary,
    ...documentation.notes,
    ...(Object.keys(own).length === 0 ? [] : [parameterTable(own)]),
    ...(writesFile ? ['Also the parameters of [weights in a file of their own](#weights-in-a-file-of-their-own).'] : []),
    ...listed('Goes to Olive:', documentation.leftToOlive),
    ...listed('Differs from Olive:', documentation.differences),
    ...surgeons.map(surgeonSection),
  ];
  return blocks.join('\n\n');
}

function surgeonSection({ name, summary, params, notes }: SurgeonManifest): string {
  const table = Object.keys(params.shape).length === 0 ? [] : [parameterTable(params.shape)];
  return [`### ${name}`, summary, ...table, ...notes].join('\n\n');
}

function listed(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [title, items.map((item) => `- ${item}`).join('\n')];
}

function parameterTable(shape: z.ZodRawShape): string {
  const rows = [...parameterSchemas(shape)].map(([name, schema]) => parameterRow(name, schema));
  return ['| parameter | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function parameterRow(name: string, schema: SchemaNode): string {
  const value = schema.default === undefined ? 'required' : `\`${JSON.stringify(schema.default)}\``;
  return `| \`${name}\` | ${cell(typeWords(schema))} | ${value} | ${cell(schema.description ?? '')} |`;
}
