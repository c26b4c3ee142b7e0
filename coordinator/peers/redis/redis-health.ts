import type { Health } from '../../../api/health.ts';
import { toGroveError } from '../../../domain/errors.ts';
import type { RedisLink } from '../../store/redis/connect.ts';
import type { FarmClock } from '../farm-clock.ts';

/** How Redis is: whether it answers, how fast, and whether it keeps what it was told. Never throws. */
export async function readRedisHealth({ link, clock }: { readonly link: RedisLink; readonly clock: FarmClock }): Promise<Health['store']> {
  const sentMs = clock.monotonicMs();
  try {
    const info = await link.run((client) => client.info('persistence', 'memory'));
    const latencyMs = Math.round((clock.monotonicMs() - sentMs) * 100) / 100;
    const isDurable = info.includes('aof_enabled:1');
    const evicts = !info.includes('maxmemory_policy:noeviction');
    const detail = [
      ...(isDurable ? [] : ['appendonly is off: what was acknowledged last is lost when Redis stops']),
      ...(evicts ? ['maxmemory-policy is not noeviction: Redis may drop tasks'] : []),
    ].join('; ');
    return { kind: 'redis', ok: true, detail, latencyMs, isDurable, evicts, clockSkewMs: Math.round(clock.skewMs) };
  } catch (error) {
    return { kind: 'redis', ok: false, detail: toGroveError(error).message.slice(0, 500) };
  }
}
