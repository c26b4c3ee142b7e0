import { rename } from 'node:fs/promises';
import { z } from 'zod';
import { stringAttribute } from '../graph/attribute.ts';
import { allNodes } from '../graph/topology.ts';
import { readModelFile } from '../onnx/read.ts';
import { writeModelFile } from '../onnx/write.ts';

/** A model whose compiled parts are to run on another kind of device. */
export const moveRequestSchema = z.strictObject({
  /** Absolute path of an ONNX file that nobody else reads. */
  modelPath: z.string().min(1),
  deviceClass: z.enum(['cpu', 'gpu', 'npu']),
});
export type MoveRequest = z.infer<typeof moveRequestSchema>;

/** How many parts were told. */
export const moveOutcomeSchema = z.strictObject({ moved: z.int().min(0) });
type MoveOutcome = z.infer<typeof moveOutcomeSchema>;

/**
 * Rewrites `DeviceClass` of EPContext nodes that name one, as OpenVINOEncapsulation's does. The file is replaced, never written into: it may be a link to one that
 * others read. A model without such a node stays as it is.
 */
export async function moveToDevice({ modelPath, deviceClass }: MoveRequest): Promise<MoveOutcome> {
  const model = await readModelFile(modelPath);
  const bound = [...allNodes(model.graph)].filter(({ node }) => node.opType === 'EPContext' && node.attributes.has('DeviceClass'));
  for (const { node } of bound) node.attributes.set('DeviceClass', stringAttribute(deviceClass.toUpperCase()));
  if (bound.length > 0) {
    const beside = `${modelPath}.moved`;
    await writeModelFile(model, beside, { saveAsExternalData: false });
    await rename(beside, modelPath);
  }
  return { moved: bound.length };
}
