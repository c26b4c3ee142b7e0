import type { ScratchModels } from '../../runtime/scratch-models.ts';
import type { OpenVinoWorker } from '../../toolchain/openvino-worker.ts';
import type { OpenVinoContext } from '../pass.ts';
import { passContext } from '../passes.cases.ts';

/** A context for a pass in OpenVINO's toolchain. */
export async function openVinoContext(worker: OpenVinoWorker, scratch: ScratchModels): Promise<OpenVinoContext> {
  return { ...(await passContext()), worker, scratch };
}
