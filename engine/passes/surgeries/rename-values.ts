import type { Graph } from '../../graph/graph.ts';
import { allGraphs } from '../../graph/topology.ts';

/** Why values of the main graph cannot take these names, by old name; undefined when they can. */
export function renamingProblem(graph: Graph, renamings: ReadonlyMap<string, string>): string | undefined {
  const wanted = [...renamings.values()];
  const twice = wanted.find((name, index) => wanted.indexOf(name) !== index);
  if (twice !== undefined) return `two values would be called "${twice}"`;
  const graphs = [...allGraphs(graph)];
  const taken = wanted.find((name) => !renamings.has(name) && graphs.some((candidate) => candidate.defines(name)));
  return taken === undefined ? undefined : `another value is called "${taken}"`;
}

/** Renames values everywhere, all at once, so that names can be swapped. */
export function renameValues(graph: Graph, renamings: ReadonlyMap<string, string>): void {
  const passing = [...renamings].map(([from, to]) => ({ from, via: graph.freshName(`${to}_renamed`), to }));
  for (const { from, via } of passing) graph.renameValue(from, via);
  for (const { via, to } of passing) graph.renameValue(via, to);
}

/** Old and new names of those that change, and the old names that are not among `present`. */
export function pairNames(
  { old_names, new_names }: { readonly old_names: readonly string[]; readonly new_names: readonly string[] },
  present: ReadonlySet<string>,
): { readonly renamings: ReadonlyMap<string, string>; readonly missing: readonly string[] } {
  const pairs = old_names.map((name, index): [string, string] => [name, new_names[index] ?? name]);
  const renamings = new Map(pairs.filter(([from, to]) => present.has(from) && from !== to));
  return { renamings, missing: old_names.filter((name) => !present.has(name)) };
}
