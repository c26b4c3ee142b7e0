import { ApiTokens } from '../../coordinator/access/api-tokens.ts';
import { Authority } from '../../coordinator/access/authority.ts';
import { Enrolments } from '../../coordinator/access/enrolments.ts';
import { FileAccessStore } from '../../coordinator/access/file-access-store.ts';
import { JoinTokens } from '../../coordinator/access/join-tokens.ts';
import type { RestDeps } from '../../coordinator/rest/deps.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { systemRandom } from '../../platform/random.ts';

/** What makes a server ask for tokens, kept in `folder`. */
export interface OpenedAccess {
  readonly store: FileAccessStore;
  readonly tokens: ApiTokens;
  readonly deps: Pick<RestDeps, 'access' | 'audit'>;
}

export async function openAccess(folder: string): Promise<OpenedAccess> {
  const parts = { clock: createSystemClock(), random: systemRandom };
  const store = await FileAccessStore.open(folder, systemFiles);
  const tokens = new ApiTokens(store, parts);
  const authority = await Authority.open(store, parts.clock);
  const enrolments = new Enrolments(store, { authority, joins: new JoinTokens(store, parts), clock: parts.clock });
  const makeJoin = async () => ({ joinString: '', expiresAt: 0 });
  const access = { authority, tokens, enrolments, makeJoin, agentUrl: async () => '', expel: () => {} };
  return { store, tokens, deps: { access, audit: store } };
}
