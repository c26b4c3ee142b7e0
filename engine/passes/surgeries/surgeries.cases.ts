import type { Model } from '../../graph/model.ts';
import { checkModel } from '../../onnx/check.ts';
import { graphSurgeries } from '../graph-surgeries.ts';
import type { PassReport } from '../pass.ts';
import { passContext } from '../passes.cases.ts';

/** Runs one surgery as a recipe names it, leaves equal initialisers apart, and checks the structure of what comes out. */
export async function operate(model: Model, surgeon: string, args: object = {}): Promise<PassReport> {
  const params = graphSurgeries.manifest.params.parse({ surgeries: [{ surgeon, ...args }], remove_duplicate_initializers: false });
  const { report } = await graphSurgeries.run(model, params, await passContext());
  checkModel(model);
  return report;
}
