import type { CellCuration } from './curation.ts';
import { STATE_SIGNS } from './matrix-text.ts';

/** One thing somebody said about a cell, as every renderer shows it. */
export interface CurationLine {
  /** `baseline`, `acknowledged`, `note`. */
  readonly what: string;
  readonly text: string;
  readonly by: string;
  readonly at: number;
}

/** What people have said about a cell: baseline, acknowledgement, then notes, oldest first. */
export function curationText(curation: CellCuration | null): readonly CurationLine[] {
  if (curation === null) return [];
  const { baseline, acknowledged, notes } = curation;
  return [
    ...(baseline === null ? [] : [{ what: 'baseline', text: baseline.reason, by: baseline.by, at: baseline.at }]),
    ...(acknowledged === null
      ? []
      : [
          {
            what: 'acknowledged',
            text: [STATE_SIGNS[acknowledged.state].label, acknowledged.reason].filter(Boolean).join(': '),
            by: acknowledged.by,
            at: acknowledged.at,
          },
        ]),
    ...notes.map(({ text, by, at }) => ({ what: 'note', text, by, at })),
  ];
}
