import type { RedisLink } from '../../store/redis/connect.ts';
import type { Turn } from '../turn.ts';

/** A coordinator that has not asked for this long has lost its turn. */
const TURN_MS = 2_000;

/** Key: whose turn it is. Arguments: who asks, milliseconds. Answers 1 when it is theirs, renewed. */
const TAKE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;

/** Key: whose turn it is. Argument: who gives it up. */
const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`;

/** A turn as a key that expires. */
export function createRedisTurn({ link, key, coordinatorId }: { link: RedisLink; key: string; coordinatorId: string }): Turn {
  return {
    isMine: async () => (await link.run((client) => client.eval(TAKE, 1, key, coordinatorId, TURN_MS))) === 1,
    release: async () => {
      await link.run((client) => client.eval(RELEASE, 1, key, coordinatorId));
    },
  };
}
