import type { AuditEntry } from '../../domain/audit.ts';

/** What is kept: the authority, API tokens and their sessions, join tokens, and which key each agent has. */
export type DocumentKind = 'authority' | 'token' | 'join' | 'agent';

/** A document before and after; undefined where there is none. */
export interface Change {
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Where the farm keeps who may do what. Documents are texts; whoever reads them checks them. */
export interface AccessStore {
  read(kind: DocumentKind, id: string): Promise<string | undefined>;
  /** Texts of one kind, by id. */
  list(kind: DocumentKind): Promise<readonly string[]>;
  /** False, with nothing changed, when the document is no longer as it was. Durable when true. */
  swap(kind: DocumentKind, id: string, change: Change): Promise<boolean>;
  /** Adds to the record of changes; the oldest of very many are dropped. */
  audit(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  audited(limit: number): Promise<readonly AuditEntry[]>;
}
