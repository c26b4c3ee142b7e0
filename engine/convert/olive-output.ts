import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../domain/json.ts';
import type { JsonObject, Recipe, RecipePass } from '../../domain/recipe/recipe.ts';
import { sha256 } from '../../platform/sha256.ts';
import type { ConvertedPass } from './convert-request.ts';
import { type ModelConfig, modelConfigDocument } from './model-config.ts';

/** Files beside the model that record how it came to be, as Olive names them. The last two exist only when something was evaluated. */
export const RECORD_FILES = ['footprint.json', 'output_footprint.json', 'run_history.txt', 'metrics.json', 'evaluation.json'] as const;

/** Olive's model ids are this long. */
const ID_LENGTH = 8;

/** One value of `metrics.json`. */
export interface OliveMetricValue {
  readonly value: number;
  readonly priority: number;
  readonly higher_is_better: boolean;
}

/** Values of the recipe's evaluator by `<metric>-<sub-type>`. */
export type OliveMetricValues = Readonly<Record<string, OliveMetricValue>>;

/** What the records are made of. */
export interface OliveOutput {
  /** Folder the records are written to. */
  readonly folder: string;
  /** Folder where a reader will find the model: records name it by its absolute path, as Olive's do. */
  readonly modelFolder: string;
  readonly recipe: Pick<Recipe, 'inputModel' | 'metrics'>;
  /** The passes that ran, with their reports in the same order. */
  readonly passes: readonly RecipePass[];
  readonly reports: readonly ConvertedPass[];
  readonly model: ModelConfig;
  /** Milliseconds since 1970 at which the first pass began. */
  readonly startedAtMs: number;
  /** Null: nothing was evaluated. */
  readonly metrics: OliveMetricValues | null;
}

/** One model of the run, as Olive's `footprint.json` lists it. Times are seconds since 1970. */
interface FootprintNode {
  readonly parent_model_id: string | null;
  readonly model_id: string;
  /** Twice: Olive 0.13 writes the second name and reads the first, as versions before it did. */
  readonly model_config: JsonObject | null;
  readonly model_config_data: JsonObject | null;
  readonly from_pass: string | null;
  readonly pass_run_config: JsonObject | null;
  readonly is_pareto_frontier: false;
  readonly metrics: {
    readonly value: OliveMetricValues;
    readonly cmp_direction: Readonly<Record<string, 1 | -1>>;
    readonly if_goals_met: boolean;
  } | null;
  readonly start_time: number;
  readonly end_time: number;
}

/**
 * Writes `footprint.json`, `output_footprint.json` (the same bytes, as in Olive's runs without a search), `run_history.txt` and, with metrics,
 * `metrics.json`. Models between the passes were never files, so that only the last node has a model config. Ids depend on the input model and the
 * passes alone.
 */
export async function writeOliveOutput(output: OliveOutput): Promise<void> {
  const nodes = footprintNodes(output);
  const footprint = `${JSON.stringify(Object.fromEntries(nodes.map((node) => [node.model_id, node])), null, 4)}\n`;
  const write = (name: (typeof RECORD_FILES)[number], text: string) => writeFile(join(output.folder, name), text);
  await write('footprint.json', footprint);
  await write('output_footprint.json', footprint);
  await write('run_history.txt', runHistory(nodes));
  if (output.metrics !== null) await write('metrics.json', `${JSON.stringify(output.metrics, null, 4)}\n`);
}

function footprintNodes(output: OliveOutput): readonly FootprintNode[] {
  const { recipe, passes, reports } = output;
  const inputId = idOf({ type: recipe.inputModel.type, path: recipe.inputModel.modelPath, config: recipe.inputModel.config });
  const nodes: FootprintNode[] = [{ ...EMPTY_NODE, model_id: inputId }];
  let startMs = output.startedAtMs;
  for (const [index, pass] of passes.entries()) {
    const parent = nodes.at(-1)?.model_id ?? inputId;
    const endMs = startMs + (reports[index]?.durationMs ?? 0);
    const isLast = index === passes.length - 1;
    const modelConfig = isLast ? modelConfigDocument(output.model, output.modelFolder) : null;
    nodes.push({
      ...EMPTY_NODE,
      parent_model_id: parent,
      model_id: idOf({ parent, type: pass.type, params: pass.params }),
      model_config: modelConfig,
      model_config_data: modelConfig,
      from_pass: pass.type.toLowerCase(),
      pass_run_config: pass.params,
      metrics: isLast && output.metrics !== null ? metricsNode(output.metrics, recipe.metrics) : null,
      start_time: startMs / 1000,
      end_time: endMs / 1000,
    });
    startMs = endMs;
  }
  return nodes;
}

const EMPTY_NODE: FootprintNode = {
  parent_model_id: null,
  model_id: '',
  model_config: null,
  model_config_data: null,
  from_pass: null,
  pass_run_config: null,
  is_pareto_frontier: false,
  metrics: null,
  start_time: 0,
  end_time: 0,
};

function idOf(value: unknown): string {
  return digestOf(value, sha256).slice(0, ID_LENGTH);
}

/** Olive compares what has a priority. Relative goals need a measured baseline, which a conversion does not have, so they count as not met. */
function metricsNode(value: OliveMetricValues, metrics: Recipe['metrics']): FootprintNode['metrics'] {
  const compared = Object.entries(value).filter(([, { priority }]) => priority > 0);
  const goals = metrics.flatMap(({ name, subTypes }) => subTypes.map((sub) => ({ key: `${name}-${sub.name}`, ...sub })));
  const withGoal = goals.filter(({ goal, priority }) => goal !== null && priority > 0);
  const isMet = withGoal.every(({ key, goal, higherIsBetter }) => {
    const reached = value[key]?.value;
    if (reached === undefined || goal?.type !== 'threshold') return false;
    return higherIsBetter ? reached >= goal.value : reached <= goal.value;
  });
  return {
    value,
    cmp_direction: Object.fromEntries(compared.map(([key, { higher_is_better: isHigherBetter }]) => [key, isHigherBetter ? 1 : -1])),
    if_goals_met: isMet,
  };
}

/** Olive's table of the run: one model a row, in a grid of plain characters. */
function runHistory(nodes: readonly FootprintNode[]): string {
  const rows = nodes.map((node) => [
    node.model_id,
    node.parent_model_id ?? '',
    node.from_pass ?? '',
    node.parent_model_id === null ? '' : (node.end_time - node.start_time).toFixed(3),
    metricsText(node),
  ]);
  return grid([['model_id', 'parent_model_id', 'from_pass', 'duration_sec', 'metrics'], ...rows]);
}

function metricsText({ metrics }: FootprintNode): string {
  if (metrics === null) return '';
  return Object.entries(metrics.value)
    .map(([key, { value }]) => `${key}: ${value}`)
    .join(', ');
}

function grid(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const rule = (fill: string) => `+${widths.map((width) => fill.repeat(width + 2)).join('+')}+`;
  const line = (row: readonly string[]) => `|${row.map((cell, column) => ` ${cell.padEnd(widths[column] ?? 0)} `).join('|')}|`;
  const [head = [], ...body] = rows;
  return [rule('-'), line(head), rule('='), ...body.flatMap((row) => [line(row), rule('-')]), ''].join('\n');
}
