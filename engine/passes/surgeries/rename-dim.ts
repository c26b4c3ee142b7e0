import type { NativeSurgeon } from '../../../domain/passes/native-surgeons.ts';
import type { ValueInfo } from '../../graph/value.ts';
import { misfit } from './surgery.ts';

/** Gives one axis of a value a symbolic name. Throws `pass-failed` when the value has no such axis. */
export function renameDim(
  info: ValueInfo,
  { dim_idx, dim_name }: { readonly dim_idx: number; readonly dim_name: string },
  surgeon: NativeSurgeon,
): void {
  const dims = info.type?.kind === 'tensor' ? info.type.dims : undefined;
  if (info.type?.kind !== 'tensor' || dims === undefined) throw misfit(surgeon, `no shape is recorded of "${info.name}"`);
  if (dims.at(dim_idx) === undefined) throw misfit(surgeon, `"${info.name}" has ${dims.length} dimensions, none is number ${dim_idx}`);
  info.type = { ...info.type, dims: dims.with(dim_idx, dim_name) };
}
