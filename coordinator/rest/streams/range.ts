import type { ByteRange } from '../../artifacts/artifact-store.ts';

/** What a Range header asks of a blob: all of it, one range, or nothing that exists. */
export type RangeChoice =
  | { readonly kind: 'whole' }
  | { readonly kind: 'range'; readonly range: ByteRange }
  | { readonly kind: 'unsatisfiable' };

const SINGLE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/** Reads a Range header (RFC 9110, section 14.2). Several ranges, other units and malformed headers mean the whole, as the RFC allows. */
export function chooseRange(header: string | undefined, sizeBytes: number): RangeChoice {
  const match = SINGLE_RANGE.exec(header ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (match === null || (from === '' && to === '')) return { kind: 'whole' };
  const first = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const last = from === '' || to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return { kind: 'whole' };
  return first > last ? { kind: 'unsatisfiable' } : { kind: 'range', range: { first, last } };
}
