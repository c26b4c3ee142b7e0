import { type ConversionPlan, planConversion } from '../../domain/recipe/conversion-plan.ts';
import type { Recipe, RecipePass } from '../../domain/recipe/recipe.ts';
import { toolchainText } from '../../domain/toolchains.ts';
import type { ConvertedPass, ConvertFinding, ConvertResult } from '../../engine/convert/convert-request.ts';
import { bytes, table } from '../output.ts';
import type { Evaluation } from './evaluate.ts';

/** What `grove convert` did. */
export interface Conversion extends Omit<ConvertResult, 'exportPath' | 'modelConfig'> {
  /** Passes that belong to the benchmarked device. */
  readonly leftToDevice: readonly string[];
  /** Null: not asked for. */
  readonly evaluation: Evaluation | null;
}

/** One line a pass, findings, files and metrics. */
export function conversionText(conversion: Conversion): string {
  const rows = conversion.passes.map((pass) => [pass.type, took(pass), nodes(pass), weights(pass), counts(pass.counts)]);
  return [
    table(['pass', 'took', 'nodes', 'weights', 'what it did'], rows),
    ...conversion.findings.map(findingLine),
    ...summary(conversion),
  ].join('\n');
}

/** A paragraph a pass: time, nodes and bytes, what changed, what was left alone and why, and what lint says of it. */
export function explainedText(conversion: Conversion, recipe: Pick<Recipe, 'passes'>): string {
  const { host } = planConversion(recipe);
  const paragraphs = conversion.passes.map((pass, index) => {
    const own = conversion.findings.filter(({ path }) => isBelow(path, host[index]?.path));
    return [
      `${index + 1}. ${pass.type} (${pass.name})  ${took(pass)}  nodes ${nodes(pass)}  weights ${weights(pass)}`,
      ...details(pass, own),
    ];
  });
  const rest = conversion.findings.filter(({ path }) => !host.some((pass) => isBelow(path, pass.path)));
  return [...paragraphs.flat(), ...rest.map(findingLine), ...summary(conversion)].join('\n');
}

function details(pass: ConvertedPass, findings: readonly ConvertFinding[]): readonly string[] {
  const changes = Object.entries(pass.operators).map(([type, change]) => `${change > 0 ? '+' : ''}${change} ${type}`);
  const left = pass.left.map(({ what, count, why }) => `${count === 1 ? what : `${count} x ${what}`}: ${why}`);
  const lines = [
    ...labelled('operators', changes.length === 0 ? ['unchanged'] : [changes.join(', ')]),
    ...labelled('did', Object.keys(pass.counts).length === 0 ? [] : [counts(pass.counts)]),
    ...labelled('left alone', left),
    ...labelled(
      'lint',
      findings.map(({ message, rule }) => `${message} [${rule}]`),
    ),
  ];
  return lines.map((line) => `   ${line}`);
}

function labelled(label: string, texts: readonly string[]): readonly string[] {
  return texts.map((text) => `${label.padEnd(11)}${text}`);
}

/** Whether a finding's path lies in the pass at `passPath`. */
function isBelow(path: string, passPath: string | undefined): boolean {
  return passPath !== undefined && (path === passPath || path.startsWith(`${passPath}.`) || path.startsWith(`${passPath}[`));
}

function summary({ modelPath, files, sourceBytes, resultBytes, leftToDevice, evaluation }: Conversion): readonly string[] {
  return [
    ...(leftToDevice.length === 0 ? [] : [`left to the benchmarked device: ${leftToDevice.join(', ')}`]),
    `${modelPath}: ${bytes(sourceBytes)} -> ${bytes(resultBytes)} in ${files.length} files`,
    ...(evaluation === null ? [] : evaluationLines(evaluation)),
  ];
}

function evaluationLines({ executedEp, substitution, metrics, notMeasured }: Evaluation): readonly string[] {
  const where = substitution === null ? executedEp : `${executedEp}, in place of ${substitution.requested}`;
  return [
    `measured here on ${where}:`,
    ...Object.entries(metrics).map(([name, { value, unit }]) => `  ${name} ${value} ${unit}`),
    ...notMeasured.map(({ metric, why }) => `  ${metric} not measured: ${why}`),
  ];
}

const took = ({ durationMs }: ConvertedPass): string => `${durationMs.toFixed(0)} ms`;
const nodes = ({ nodesBefore, nodesAfter }: ConvertedPass): string => `${nodesBefore} -> ${nodesAfter}`;
const weights = ({ bytesBefore, bytesAfter }: ConvertedPass): string => `${bytes(bytesBefore)} -> ${bytes(bytesAfter)}`;
const findingLine = ({ path, message, rule }: ConvertFinding): string => `lint: ${path}: ${message} [${rule}]`;

function counts(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

/** What a conversion would do. */
export interface ConversionOutlook {
  readonly target: string;
  readonly task: string;
  readonly passes: readonly {
    readonly name: string;
    readonly type: string;
    readonly side: 'here' | 'on the benchmarked device';
    /** Empty when Grove runs it itself. */
    readonly needs: string;
    readonly params: RecipePass['params'];
  }[];
}

/** The passes of a recipe, where each would run and with which parameters. */
export function outlookOf(recipe: Recipe): ConversionOutlook {
  const { host, target }: ConversionPlan = planConversion(recipe);
  const entry = (side: ConversionOutlook['passes'][number]['side']) => (pass: RecipePass) => ({
    name: pass.name,
    type: pass.type,
    side,
    needs: toolchainText(pass),
    params: pass.params,
  });
  return {
    target: `${recipe.target.device} ${recipe.target.ep}`,
    task: recipe.inputModel.task,
    passes: [...host.map(entry('here')), ...target.map(entry('on the benchmarked device'))],
  };
}

/** An outlook as a table. */
export function outlookText({ target, task, passes }: ConversionOutlook): string {
  const rows = passes.map(({ type, name, side, needs, params }) => [
    type,
    name,
    side,
    needs === '' ? 'native' : `needs ${needs}`,
    JSON.stringify(params),
  ]);
  return [`target ${target}, task ${task}`, table(['pass', 'name', 'runs', 'by', 'parameters'], rows)].join('\n');
}
