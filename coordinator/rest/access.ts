import type { Request } from 'express';
import { SESSION_COOKIE } from '../../api/access.ts';
import type { AccessRule } from '../../api/access-rules.ts';
import { type Role, roleAllows } from '../../domain/access.ts';
import { GroveError } from '../../domain/errors.ts';
import type { AgentId } from '../../domain/names.ts';
import { LOCAL_PRINCIPAL, type Principal } from '../../domain/principal.ts';
import type { ApiTokens, Caller } from '../access/api-tokens.ts';
import type { Authority } from '../access/authority.ts';
import type { Enrolments } from '../access/enrolments.ts';
import type { JoinTerms } from '../access/join-tokens.ts';

/** What a farm that enrols offers over its API. */
export interface RestAccess {
  readonly authority: Pick<Authority, 'certificate'>;
  readonly tokens: ApiTokens;
  readonly enrolments: Pick<Enrolments, 'enrol' | 'revoke'>;
  /** A join string. */
  makeJoin(terms: JoinTerms, madeBy: string): Promise<{ readonly joinString: string; readonly expiresAt: number }>;
  /** Where agents connect, separated by commas. */
  agentUrl(): Promise<string>;
  /** Ends an agent's connection, whichever coordinator holds it. */
  expel(agentId: AgentId): void;
}

/** Who asks, as handlers and the record of changes see them. */
export interface Asking {
  readonly principal: Principal;
  readonly role: Role | null;
  /** Null where nobody is asked for a token. */
  readonly expiresAt: number | null;
}

/** Whoever may use a farm that enrols nobody. */
const EVERYBODY: Asking = { principal: LOCAL_PRINCIPAL, role: 'admin', expiresAt: null };

/** Somebody who has shown nothing yet. */
export const NOBODY: Asking = { principal: { kind: 'user', name: 'unknown' }, role: null, expiresAt: null };

/**
 * Who asks. Throws `unauthenticated` where that must be known and is not.
 *
 * @param access undefined for a farm that enrols nobody.
 */
export async function askerOf(
  { headers }: Pick<Request, 'headers'>,
  rule: AccessRule,
  access: Pick<RestAccess, 'tokens'> | undefined,
): Promise<Asking> {
  if (access === undefined) return EVERYBODY;
  if (rule === 'anyone' || rule === 'grant') return NOBODY;
  const { name, role, expiresAt } = await callerOf(headers, access.tokens);
  return { principal: { kind: 'user', name }, role, expiresAt };
}

/** The one place where the API decides who may do what. Throws `forbidden`. */
export function assertAllowed({ principal, role }: Asking, rule: AccessRule, { method, path }: Pick<Request, 'method' | 'path'>): void {
  if (rule === 'anyone' || rule === 'grant' || (role !== null && roleAllows(role, rule))) return;
  throw new GroveError('forbidden', {
    who: `${principal.name} (${role ?? 'no role'})`,
    problem: `${method} ${path} needs the role ${rule}`,
  });
}

/** A header wins over a cookie: whoever sets one means it. */
async function callerOf(headers: Request['headers'], tokens: ApiTokens): Promise<Caller> {
  const { authorization } = headers;
  if (authorization !== undefined) return tokens.caller(/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
  const session = sessionOf(headers.cookie);
  if (session === undefined) throw new GroveError('unauthenticated', { problem: 'the request has no token' });
  return tokens.sessionCaller(session);
}

/** The session of a Cookie header. */
export function sessionOf(cookies: string | undefined): string | undefined {
  const pairs = (cookies ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${SESSION_COOKIE}=`))?.slice(SESSION_COOKIE.length + 1);
}

/** Throws `invalid-request` on a farm that enrols nobody. */
export function requireAccess(access: RestAccess | undefined): RestAccess {
  if (access !== undefined) return access;
  throw new GroveError('invalid-request', { problem: 'this farm enrols nobody: it was started without --listen' });
}
