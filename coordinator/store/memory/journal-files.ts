import { join } from 'node:path';

/**
 * Version of both file formats; raised when an older Grove could not read what a newer one writes, with every new kind of command or record, and when a
 * command decides differently from before: replay executes commands again. Since 2 a clean stop leaves nothing to replay.
 */
export const SCHEMA_VERSION = 2;

const SEQUENCE_DIGITS = 16;
const NAME = /^(journal|snapshot)-(\d{16})\.(?:log|bin)$/;
const DRAFT = /^snapshot-.*\.tmp$/;

/** Commands from `firstSequence` on. */
export function segmentPath(folder: string, firstSequence: number): string {
  return join(folder, `journal-${padded(firstSequence)}.log`);
}

/** The state after command `sequence`. */
export function snapshotPath(folder: string, sequence: number): string {
  return join(folder, `snapshot-${padded(sequence)}.bin`);
}

function padded(sequence: number): string {
  return String(sequence).padStart(SEQUENCE_DIGITS, '0');
}

/** What lies in a journal folder, by sequence in ascending order. */
export interface JournalFiles {
  readonly segments: readonly number[];
  readonly snapshots: readonly number[];
  /** Names of snapshots that were never finished. */
  readonly drafts: readonly string[];
}

export function sortNames(names: readonly string[]): JournalFiles {
  const sequencesOf = (wanted: string) =>
    names.flatMap((name) => {
      const [, kind, digits] = NAME.exec(name) ?? [];
      return kind === wanted ? [Number(digits)] : [];
    });
  const ascending = (a: number, b: number) => a - b;
  return {
    segments: sequencesOf('journal').sort(ascending),
    snapshots: sequencesOf('snapshot').sort(ascending),
    drafts: names.filter((name) => DRAFT.test(name)),
  };
}
