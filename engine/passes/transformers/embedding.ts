import { readInt } from '../../graph/attribute.ts';
import type { Node } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { haveEqualShapes } from './clean.ts';
import { countFromZero } from './counting-rows.ts';
import type { Scene } from './scene.ts';

/** Rows of two or three tables, looked up and added. */
export interface Embedding {
  /** Row numbers of words, [batch, length]. */
  readonly ids: string;
  readonly segments: string | undefined;
  /** Row numbers of positions; undefined when they count from 0. */
  readonly positions: string | undefined;
  /** The constants with the rows of words, positions and segments. */
  readonly tables: readonly [string, string, string?];
  /** The nodes that add; looked up rows may serve others, who want their shape. */
  readonly nodes: readonly Node[];
  /** The sum before its normalisation, when others read it too. */
  readonly sum: string | undefined;
}

/** The embeddings that a normalisation normalises, if it does; with an order of tables that `EmbedLayerNormalization` can take. */
export function embeddingBefore(scene: Scene, norm: Node): Embedding | undefined {
  const sum = sumBefore(scene, norm);
  const embedding = sum && (twoTables(scene, sum) ?? threeTables(scene, sum));
  if (embedding === undefined || !areAligned(scene, embedding)) return undefined;
  const kept = [norm.outputs[0] ?? '', embedding.sum ?? ''];
  return scene.isSelfContained(new Set([...embedding.nodes, norm]), kept) ? embedding : undefined;
}

/** An addition, as a node of its own or inside the normalisation. */
interface Sum {
  readonly operands: readonly [string, string];
  readonly nodes: readonly Node[];
  readonly isInside: boolean;
  /** Its value, when others than the normalisation read it. */
  readonly read: string | undefined;
}

function sumBefore(scene: Scene, norm: Node): Sum | undefined {
  const { graph } = scene;
  const [a = '', b = ''] = norm.inputs;
  const [, , , inner] = norm.outputs;
  if (norm.opType === 'SkipLayerNormalization') {
    return norm.inputs.length === 4 ? { operands: [a, b], nodes: [], isInside: true, read: inner } : undefined;
  }
  const add = graph.producer(a);
  const operands = norm.inputs.length === 3 && add !== undefined ? addends(scene, a) : undefined;
  if (add === undefined || operands === undefined) return undefined;
  const isRead = graph.isOutput(a) || graph.useCount(a) > 1;
  return { operands, nodes: [add], isInside: false, read: isRead ? a : undefined };
}

function addends({ graph }: Scene, value: string): readonly [string, string] | undefined {
  const add = graph.producer(value);
  const [a = '', b = ''] = add?.inputs ?? [];
  return add?.opType === 'Add' && isOnnxDomain(add.domain) ? [a, b] : undefined;
}

/** Words and positions, whatever the positions are. */
function twoTables(scene: Scene, { operands, nodes, read }: Sum): Embedding | undefined {
  const [word, position] = operands.map((value) => lookupOf(scene, value));
  if (word === undefined || position === undefined) return undefined;
  return { ids: word.rows, segments: undefined, positions: position.rows, tables: [word.table, position.table], nodes, sum: read };
}

function threeTables(scene: Scene, { operands: [a, b], nodes, isInside, read }: Sum): Embedding | undefined {
  const [pair, single] = addends(scene, a) === undefined && isInside ? [b, a] : [a, b];
  const [word, second] = addends(scene, pair)?.map((value) => lookupOf(scene, value)) ?? [];
  const third = lookupOf(scene, single);
  const add = scene.graph.producer(pair);
  if (word === undefined || second === undefined || third === undefined || add === undefined) return undefined;
  const base = { ids: word.rows, nodes: [...nodes, add] };
  const roles = (position: Lookup, segment: Lookup): Pick<Embedding, 'segments' | 'tables'> => ({
    segments: segment.rows,
    tables: [word.table, position.table, segment.table],
  });
  // Which of the two is called position does not matter once the rows are given.
  if (isInside) return { ...base, ...roles(second, third), positions: second.rows, sum: read };
  if (countFromZero(scene, third.rows, word.rows)) return { ...base, ...roles(third, second), positions: undefined, sum: undefined };
  if (countFromZero(scene, second.rows, word.rows)) return { ...base, ...roles(second, third), positions: undefined, sum: undefined };
  return undefined;
}

interface Lookup {
  readonly table: string;
  readonly rows: string;
}

/** A Gather of rows of a constant table. */
function lookupOf(scene: Scene, value: string): Lookup | undefined {
  const node = scene.graph.producer(value);
  const [table = '', rows = ''] = node?.inputs ?? [];
  const isLookup = node?.opType === 'Gather' && isOnnxDomain(node.domain) && readInt(node, 'axis', 0) === 0;
  return isLookup && scene.constantOf(table)?.dims.length === 2 ? { table, rows } : undefined;
}

/** Whether tables are equally wide and row numbers fit each other. */
function areAligned(scene: Scene, { ids, segments, positions, tables }: Embedding): boolean {
  const widths = new Set(tables.map((table) => scene.constantOf(table ?? '')?.dims[1]));
  const shape = scene.shapes.dimsOf(ids);
  const positionShape = positions === undefined ? shape : scene.shapes.dimsOf(positions);
  return (
    widths.size === 1 &&
    tables.every((table) => scene.isFloat(table ?? '')) &&
    shape?.length === 2 &&
    positionShape?.length === 2 &&
    positionShape[1] === shape[1] &&
    (segments === undefined || haveEqualShapes(scene, ids, segments))
  );
}
