import type { Badge } from '../../domain/cell-state.ts';

/** What the machine that runs the tests did meanwhile: whether it was busy is not what a test of a cell is about. */
const OF_THE_MACHINE: ReadonlySet<Badge> = new Set<Badge>(['drift', 'disturbed']);

/** The badges that follow from the job alone. */
export function badgesOfTheJob(badges: readonly Badge[]): readonly Badge[] {
  return badges.filter((badge) => !OF_THE_MACHINE.has(badge));
}
