import { withMember, withValueAt } from './edit-document.ts';
import { isJsonObject } from './findings.ts';
import type { JsonObject } from './recipe.ts';

/**
 * Applies `--task` to a recipe document: the export's task replaces the file's, also where an OpenVINO conversion names one of its own
 * (`extra_args.task` wins over `input_model.task` there).
 */
export function overrideTask(document: JsonObject, task: string): JsonObject {
  const model = isJsonObject(document['input_model']) ? document['input_model'] : {};
  const nested = isJsonObject(model['config']) && Object.hasOwn(model['config'], 'task');
  const inputModel = withValueAt(model, nested ? ['config', 'task'] : ['task'], { value: task, where: 'input_model.task' });
  const passes = isJsonObject(document['passes']) ? document['passes'] : {};
  const overridden = Object.entries(passes).reduce((current, [name, pass]) => {
    const steps = isJsonObject(pass) ? placeOfExportTask(pass) : undefined;
    return steps === undefined ? current : withMember(current, name, withValueAt(pass, steps, { value: task, where: `passes.${name}` }));
  }, passes);
  return withMember(withMember(document, 'input_model', inputModel), 'passes', overridden);
}

function placeOfExportTask(pass: JsonObject): readonly string[] | undefined {
  const nested = isJsonObject(pass['config']) ? pass['config'] : undefined;
  const extra = nested?.['extra_args'] ?? pass['extra_args'];
  if (!isJsonObject(extra) || !Object.hasOwn(extra, 'task')) return undefined;
  return nested?.['extra_args'] === undefined ? ['extra_args', 'task'] : ['config', 'extra_args', 'task'];
}
