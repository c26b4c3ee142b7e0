import { writeJoinString } from '../domain/join-string.ts';
import { ApiTokens } from './access/api-tokens.ts';
import { Authority } from './access/authority.ts';
import { Enrolments } from './access/enrolments.ts';
import { type JoinTerms, JoinTokens } from './access/join-tokens.ts';
import { type AccessConfig, hostsOf } from './access-config.ts';
import type { Exposure } from './exposure.ts';
import type { FarmState } from './farm-state.ts';
import type { OpenRequest } from './open-request.ts';

/** Who may use the farm, and how its servers are guarded. */
export interface Access {
  readonly exposure: Exposure;
  /** Undefined for a farm that enrols nobody. */
  readonly enrolment: Enrolment | undefined;
  /** Hosts, without port, under which others know the farm. */
  readonly hostNames: ReadonlySet<string>;
}

/** What a farm that enrols is made of. */
export interface Enrolment {
  readonly authority: Authority;
  readonly tokens: ApiTokens;
  readonly enrolments: Enrolments;
  /** A join string for machines that others give their names. */
  makeJoin(terms: JoinTerms, madeBy: string): Promise<{ readonly joinString: string; readonly expiresAt: number }>;
}

/** Opens the farm's authority where the configuration wants one. */
export async function openAccess({ config, ports, origin }: OpenRequest, { accessStore, clock }: FarmState): Promise<Access> {
  const { access, host } = config;
  if (access.kind === 'loopback') return { exposure: { kind: 'loopback' }, enrolment: undefined, hostNames: new Set() };
  const hosts = hostsOf(access, host);
  // Brackets are part of an IPv6 address in a Host header.
  const hostNames = new Set(hosts.map((name) => (name.includes(':') ? `[${name}]` : name)));
  if (access.kind === 'insecure') return { exposure: { kind: 'insecure' }, enrolment: undefined, hostNames };
  const authority = await Authority.open(accessStore, clock);
  const parts = { clock, random: ports.random };
  const joins = new JoinTokens(accessStore, parts);
  const enrolment: Enrolment = {
    authority,
    tokens: new ApiTokens(accessStore, parts),
    enrolments: new Enrolments(accessStore, { authority, joins, clock }),
    makeJoin: async (terms, madeBy) => {
      const { token, expiresAt } = await joins.make(terms, madeBy);
      return { joinString: writeJoinString({ url: origin.url, fingerprint: authority.fingerprint, token }), expiresAt };
    },
  };
  const server = await authority.issueServer(hosts);
  return { exposure: { kind: 'enrolled', server, authority: authority.certificate }, enrolment, hostNames };
}

/** Address of the API for others: as configured, else the one it listens on. */
export function publicUrlOf(access: AccessConfig, listening: string): string {
  return access.kind === 'loopback' ? listening : (access.publicUrl ?? listening);
}

/** `grpcs://HOST:PORT`, where agents of other machines connect. */
export function publicAgentUrl(publicUrl: string, grpcAddress: string): string {
  const { protocol, hostname } = new URL(publicUrl);
  return `${protocol === 'https:' ? 'grpcs' : 'grpc'}://${hostname}:${grpcAddress.slice(grpcAddress.lastIndexOf(':') + 1)}`;
}
