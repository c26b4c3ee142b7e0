import { stat } from 'node:fs/promises';
import { GroveError } from '../../../domain/errors.ts';
import type { OpenVinoDescription } from '../../toolchain/openvino-worker.ts';
import type { ModelForm, OpenVinoModel, PassReport } from '../pass.ts';

/** The files an operation of the worker wrote, as a model. */
export async function openVinoModel(
  xmlPath: string,
  description: OpenVinoDescription,
  unquantized: OpenVinoModel['unquantized'],
): Promise<OpenVinoModel> {
  const { size } = await stat(binPath(xmlPath));
  return { xmlPath, sizeBytes: size, description, unquantized };
}

/** The weights beside a model. */
export function binPath(xmlPath: string): string {
  return xmlPath.replace(/\.xml$/, '.bin');
}

/** The model as OpenVINO's own. Throws `pass-failed` when it is in another form. */
export function expectOpenVino(input: ModelForm, type: string): OpenVinoModel {
  if (input.form === 'openvino') return input.model;
  const problem = 'it needs an OpenVINO model: put OpenVINOConversion or OpenVINOOptimumConversion before it';
  throw new GroveError('pass-failed', { type, problem });
}

/** What a report tells of an OpenVINO model. */
export function openVinoReport(type: string, { operations, quantizers }: OpenVinoDescription): PassReport {
  return { type, counts: { operations, ...(quantizers > 0 && { quantizers }) }, findings: [] };
}
