import { REFERENCE_MODEL_FOLDER } from '../manifest.ts';
import type { InputModel } from './recipe.ts';

/** Where folders keep the graph that people mean when they name none. */
const USUAL_GRAPHS = ['model.onnx', 'onnx/model.onnx'];

/** Files that an error lists at most. */
const MAX_LISTED = 20;

/** The graph of a folder, or why it cannot be told. */
export type GraphChoice = { readonly graph: string } | { readonly problem: string };

/**
 * Chooses the ONNX file that a recipe's input model is, out of the paths below a folder: the one it names (`onnx_file_name`, else the file name of
 * `model_path`), else the usual one, else the only one. The model that a submitter named to compare with is none of them.
 */
export function chooseGraph({ modelPath, config }: Pick<InputModel, 'modelPath' | 'config'>, paths: readonly string[]): GraphChoice {
  const graphs = paths.filter((path) => path.toLowerCase().endsWith('.onnx') && !path.startsWith(`${REFERENCE_MODEL_FOLDER}/`)).sort();
  const named = config['onnx_file_name'];
  if (typeof named === 'string') return graphs.includes(named) ? { graph: named } : { problem: `it has no ${named}; ${holding(graphs)}` };
  const fromPath = modelPath?.split(/[\\/]/).at(-1);
  const graph = [fromPath, ...USUAL_GRAPHS].find((path) => path !== undefined && graphs.includes(path));
  const [only, ...others] = graphs;
  if (graph !== undefined) return { graph };
  if (only !== undefined && others.length === 0) return { graph: only };
  return { problem: only === undefined ? holding(graphs) : `${holding(graphs)}; name one with onnx_file_name in the recipe's input_model` };
}

function holding(graphs: readonly string[]): string {
  if (graphs.length === 0) return 'it has no .onnx file';
  const more = graphs.length > MAX_LISTED ? ` and ${graphs.length - MAX_LISTED} more` : '';
  return `it has ${graphs.slice(0, MAX_LISTED).join(', ')}${more}`;
}

/** Data files of a graph that do not begin with its name. Pickles of PyTorch are none. */
const OTHER_DATA = /^(?!pytorch_model|training_args|optimizer|scheduler|rng_state).*\.(?:data|bin|weights|pb)$/;

/**
 * The files of a folder that belong to a graph: itself, those beside it whose names begin with its own (`model.onnx.data`, `model.onnx_data_1`), and, when
 * it is the only graph there, files that look like its weights. Which of them the graph refers to is only known when it is read.
 */
export function filesOfGraph(graph: string, paths: readonly string[]): readonly string[] {
  const folder = graph.slice(0, graph.lastIndexOf('/') + 1);
  const beside = paths.filter((path) => path.startsWith(folder) && !path.slice(folder.length).includes('/'));
  const isOnly = beside.filter((path) => path.toLowerCase().endsWith('.onnx')).length === 1;
  const isPart = (path: string): boolean => path === graph || path.startsWith(`${graph}_`) || path.startsWith(`${graph}.`);
  return beside.filter((path) => isPart(path) || (isOnly && OTHER_DATA.test(path.slice(folder.length))));
}
