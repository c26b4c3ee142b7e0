import { seededRandom } from '../../engine/benchmark/seeded-random.ts';

/** Log-normal launches about 5 ms that depend on nothing, from one seed: what a quiet machine would give. `spread` is the deviation of their logarithms. */
export function syntheticLaunches(spread: number, count: number): number[] {
  const random = seededRandom(3);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: count }, () => 5 * Math.exp(spread * normal()));
}
