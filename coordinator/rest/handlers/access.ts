import type { Response } from 'express';
import { SESSION_COOKIE } from '../../../api/access.ts';
import { GroveError } from '../../../domain/errors.ts';
import { requireAccess, sessionOf } from '../access.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';

/** Enrolment of machines, tokens of people, sessions of browsers, and the record of changes. */
export function accessHandlers({ access, audit, clock }: Pick<RestDeps, 'access' | 'audit' | 'clock'>) {
  return {
    async authority() {
      if (access === undefined) throw new GroveError('not-found', { kind: 'authority', id: 'farm' });
      return ok({ certificate: access.authority.certificate });
    },
    async enrol({ body }) {
      const { enrolments, agentUrl } = requireAccess(access);
      return ok({ ...(await enrolments.enrol(body)), agentUrl: await agentUrl() });
    },
    async createJoin({ body, principal }) {
      const made = await requireAccess(access).makeJoin(body, principal.name);
      return { status: 201, body: { ...made, uses: body.uses } };
    },
    async revokeAgent({ params: { agentId } }) {
      const { enrolments, expel } = requireAccess(access);
      await enrolments.revoke(agentId);
      expel(agentId);
      return ok({ revoked: agentId });
    },
    async caller({ asking: { principal, role, expiresAt } }) {
      return ok({ name: principal.name, role: role ?? 'viewer', expiresAt });
    },
    async openSession({ body }, req, res) {
      const { name, role, expiresAt, session } = await requireAccess(access).tokens.openSession(body.token);
      setSession(res, session, { secure: req.secure, maxAgeMs: expiresAt - clock.now() });
      res.json({ name, role, expiresAt });
    },
    async closeSession(_request, req, res) {
      const session = sessionOf(req.headers.cookie);
      if (session !== undefined) await requireAccess(access).tokens.closeSession(session);
      setSession(res, '', { secure: req.secure, maxAgeMs: 0 });
      res.json({ revoked: 'session' });
    },
    async tokens() {
      return ok({ tokens: [...(await requireAccess(access).tokens.list())] });
    },
    async createToken({ body, principal }) {
      return { status: 201, body: await requireAccess(access).tokens.make(body, principal.name) };
    },
    async revokeToken({ params: { tokenId } }) {
      await requireAccess(access).tokens.revoke(tokenId);
      return ok({ revoked: tokenId });
    },
    async audit({ query: { limit } }) {
      return ok({ entries: [...(await audit.audited(limit))] });
    },
  } satisfies Partial<Handlers>;
}

/** No script reads it, and no other site makes a browser send it. */
function setSession(res: Response, session: string, { secure, maxAgeMs }: { readonly secure: boolean; readonly maxAgeMs: number }): void {
  res.cookie(SESSION_COOKIE, session, { httpOnly: true, sameSite: 'strict', secure, path: '/', maxAge: maxAgeMs });
}
