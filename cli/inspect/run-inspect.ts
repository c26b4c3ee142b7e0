import { resolve } from 'node:path';
import { findModelFile } from '../../engine/inspect/find-model.ts';
import { type InspectedValue, type Inspection, inspectModel } from '../../engine/inspect/inspect-model.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { bytes, print, table } from '../output.ts';

/** Rows of a listing that fit a screen; `-o json` has the rest. */
const MAX_ROWS = 20;
const MAX_NAME = 60;

/** Prints what a model is made of. Throws what finding and reading it throw. */
export async function runInspect(model: string, options: OutputOptions, { terminal }: CommandContext): Promise<void> {
  print({ output: options.output, terminal }, await inspectModel(await findModelFile(resolve(model))), inspectionText);
}

function inspectionText(inspection: Inspection): string {
  return [
    head(inspection),
    table(['input', 'type', 'shape'], valueRows(inspection.inputs)),
    table(['output', 'type', 'shape'], valueRows(inspection.outputs)),
    operators(inspection),
    precision(inspection),
    largest(inspection),
    ...files(inspection),
    ...contexts(inspection),
    ...metadata(inspection),
    problems(inspection),
  ].join('\n\n');
}

function head({ path, fileBytes, producer, irVersion, opsets, nodes, nodesInBodies, functions }: Inspection): string {
  const imports = Object.entries(opsets).map(([domain, version]) => `${domain} ${version}`);
  return [
    `${path}  ${bytes(fileBytes)}`,
    `made by ${producer === '' ? 'nobody it names' : producer}, IR version ${irVersion}, opsets ${imports.join(', ')}`,
    `${nodes} nodes${nodesInBodies === 0 ? '' : `, ${nodesInBodies} more in bodies`}${functions === 0 ? '' : `, ${functions} functions of its own`}`,
  ].join('\n');
}

function valueRows(values: readonly InspectedValue[]): readonly (readonly string[])[] {
  return withRest(values, ({ name, type, dims }) => [
    shorten(name),
    type,
    dims === null ? 'unknown rank' : `[${dims.map((dim) => dim ?? '?').join(', ')}]`,
  ]);
}

function operators({ operators: counts }: Inspection): string {
  return table(
    ['operator', 'nodes'],
    withRest(Object.entries(counts), ([name, count]) => [shorten(name), String(count)]),
  );
}

function precision({ precision: found }: Inspection): string {
  const rows = Object.entries(found.weights).map(([type, { tensors, elements, bytes: size }]) => [
    type,
    String(tensors),
    String(elements),
    bytes(size),
  ]);
  const compute = Object.entries(found.compute).map(([label, count]) => `${label} (${count})`);
  const share = found.quantizedWeightShare;
  const only = found.weightOnlyNodes === 0 ? '' : `, ${found.weightOnlyNodes} with quantised weights only`;
  return [
    table(['weights', 'tensors', 'elements', 'size'], rows),
    `computes in: ${compute.length === 0 ? 'no matrix product, convolution or attention' : compute.join(', ')}`,
    `quantised: ${found.quantizedNodes} of ${found.heavyNodes} such nodes${only}; ${share === null ? 'no weights' : `${(100 * share).toFixed(1)} % of the weights`}`,
  ].join('\n');
}

function largest({ largestTensors }: Inspection): string {
  return table(
    ['largest tensor', 'type', 'shape', 'size', 'in'],
    largestTensors.map(({ name, type, dims, bytes: size, file }) => [
      shorten(name),
      type,
      `[${dims.join(', ')}]`,
      bytes(size),
      file ?? 'model file',
    ]),
  );
}

function files({ externalFiles }: Inspection): readonly string[] {
  if (externalFiles.length === 0) return [];
  const rows = withRest(externalFiles, ({ location, tensors, bytes: used, sizeBytes, state }) => [
    shorten(location),
    String(tensors),
    bytes(used),
    sizeBytes === null ? '-' : bytes(sizeBytes),
    state,
  ]);
  return [table(['external file', 'tensors', 'used', 'size', 'state'], rows)];
}

function contexts({ epContexts }: Inspection): readonly string[] {
  if (epContexts.length === 0) return [];
  const rows = withRest(epContexts, ({ name, source, sdkVersion, embeddedBytes, file }) => [
    shorten(name),
    source === '' ? 'unknown' : source,
    sdkVersion,
    embeddedBytes !== null
      ? `inside, ${bytes(embeddedBytes)}`
      : file === null
        ? 'with the main part'
        : `${shorten(file.location)}, ${file.sizeBytes === null ? 'missing' : bytes(file.sizeBytes)}`,
  ]);
  return [table(['compiled part', 'by', 'sdk', 'context'], rows)];
}

function metadata({ metadata: entries }: Inspection): readonly string[] {
  const rows = withRest(Object.entries(entries), ([key, value]) => [shorten(key), shorten(value.replaceAll('\n', ' '))]);
  return rows.length === 0 ? [] : [table(['metadata', 'value'], rows)];
}

function problems({ problems: found }: Inspection): string {
  if (found.length === 0) return 'structure: sound';
  return ['structure: not sound', ...found.slice(0, MAX_ROWS).map(({ path, message }) => `  ${path}: ${message}`)].join('\n');
}

function withRest<T>(items: readonly T[], row: (item: T) => readonly string[]): readonly (readonly string[])[] {
  const rows = items.slice(0, MAX_ROWS).map(row);
  const rest = items.length - rows.length;
  return rest === 0 ? rows : [...rows, [`and ${rest} more`, ...Array<string>((rows[0]?.length ?? 1) - 1).fill('')]];
}

function shorten(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 3)}...` : name;
}
