import { GroveError } from '../../../domain/errors.ts';

/** S3's own words for what is wrong with the account, the bucket or the request; waiting does not help. */
const REFUSALS: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'it does not know this access key id',
  XAdminUserNotFound: 'it does not know this access key id',
  SignatureDoesNotMatch: 'the secret access key (or the region) is wrong',
  AccessDenied: 'this account may not do that; docs/artifacts.md lists the permissions it needs',
  AllAccessDisabled: 'this account is disabled',
  NoSuchBucket: 'there is no such bucket; make it, or set createBucket',
  PermanentRedirect: 'the bucket is in another region or at another endpoint',
  MovedPermanently: 'the bucket is in another region or at another endpoint',
  AuthorizationHeaderMalformed: 'the region is wrong',
  InvalidBucketName: 'the name of the bucket is not valid',
  MethodNotAllowed: 'the server does not offer that operation',
  NotImplemented: 'the server does not offer that operation',
};

const FULL: ReadonlySet<string> = new Set(['XMinioStorageFull', 'InsufficientStorage', 'QuotaExceeded', 'XMinioAdminBucketQuotaExceeded']);
const ABSENT: ReadonlySet<string> = new Set(['NoSuchKey', 'NotFound', 'NoSuchUpload']);

/** Beyond this S3 servers refuse every signature. */
const MAX_SKEW_SECONDS = 900;

/** The `code` of an S3 answer; undefined for failures without an answer. */
export function s3CodeOf(error: unknown): string | undefined {
  return isS3Answer(error) ? error.code : undefined;
}

/** There is no such object or upload. */
export function isAbsent(error: unknown): boolean {
  return ABSENT.has(s3CodeOf(error) ?? '');
}

/** The condition that came with the request (an ETag) does not hold. */
export function isConditionFailed(error: unknown): boolean {
  return s3CodeOf(error) === 'PreconditionFailed';
}

const TRANSIENT: ReadonlySet<string> = new Set(['InternalError', 'ServiceUnavailable', 'SlowDown', 'RequestTimeout', 'OperationAborted']);

/** How the client words an answer it has not read; the status stands nowhere else. */
const TRANSIENT_STATUS = /HTTP status: (408|429|500|502|503|504)\b/;

/**
 * The server was reached and failed in passing: the same request may succeed a moment later. S3 servers do so in ordinary work (versitygw answers 500 to
 * the copy of an object that is written again meanwhile, AWS 503 while it splits a prefix), and expect clients to ask again.
 */
export function isTransient(error: unknown): boolean {
  const code = s3CodeOf(error);
  if (code !== undefined) return TRANSIENT.has(code);
  return error instanceof Error && (TRANSIENT_STATUS.test(error.message) || ('code' in error && error.code === 'ECONNRESET'));
}

/**
 * What an S3 failure means for the farm: `artifact-store-refused` for what a person has to put right, `artifact-store-unavailable` for what passes.
 * `aheadSeconds` is how far this machine's clock is ahead of the server's.
 */
export function toStoreError(error: unknown, doing: string, aheadSeconds: number): GroveError {
  if (error instanceof GroveError) return error;
  const code = s3CodeOf(error);
  const words = wordsOf(error);
  const skewed = code === 'RequestTimeTooSkewed' || (code !== undefined && code in REFUSALS && Math.abs(aheadSeconds) > MAX_SKEW_SECONDS);
  if (skewed) return refused(doing, `this machine's clock is ${offBy(aheadSeconds)} the server's`, error);
  if (code !== undefined && FULL.has(code)) return unavailable(doing, `it is full (${words})`, error);
  const known = code === undefined ? undefined : REFUSALS[code];
  if (known !== undefined) return refused(doing, `${known} (${code})`, error);
  if (isCertificateError(error)) return refused(doing, `its certificate is not trusted (${words}); set caFile`, error);
  return unavailable(doing, code === undefined ? words : `${code}: ${words}`, error);
}

function refused(doing: string, problem: string, cause: unknown): GroveError {
  return new GroveError('artifact-store-refused', { doing, problem }, { cause });
}

function unavailable(doing: string, problem: string, cause: unknown): GroveError {
  return new GroveError('artifact-store-unavailable', { doing, problem }, { cause });
}

function offBy(aheadSeconds: number): string {
  return aheadSeconds >= 0 ? `${aheadSeconds} s ahead of` : `${-aheadSeconds} s behind`;
}

interface S3Answer extends Error {
  readonly code: string;
}

/** Network failures carry a `code` too, in capitals (`ECONNREFUSED`). */
function isS3Answer(error: unknown): error is S3Answer {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /[a-z]/.test(error.code);
}

function isCertificateError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(error.code)
  );
}

/** Connection failures to a name with several addresses have an empty message and the reasons inside. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(wordsOf).join('; ');
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
