/** Whose fault an error is; decides retry, blame in the matrix and the exit code. */
export type Fault = 'input' | 'recipe' | 'device' | 'infrastructure' | 'grove';

/** gRPC status names used by the registry (numbers live with the transport). */
export type GrpcStatusName =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'RESOURCE_EXHAUSTED'
  | 'UNIMPLEMENTED'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'CANCELLED'
  | 'INTERNAL';

/** One row of the registry. `{name}` in `message` is filled from the error's parameters. */
export interface ErrorSpec {
  readonly message: string;
  readonly advice: string;
  readonly fault: Fault;
  /** Whether another attempt, possibly elsewhere, can succeed with nothing changed by a person. */
  readonly retryable: boolean;
  readonly http: number;
  readonly grpc: GrpcStatusName;
}

export const input = { fault: 'input', retryable: false, http: 400, grpc: 'INVALID_ARGUMENT' } as const;
export const recipe = { fault: 'recipe', retryable: false, http: 422, grpc: 'FAILED_PRECONDITION' } as const;
export const device = { fault: 'device', retryable: true, http: 503, grpc: 'UNAVAILABLE' } as const;
export const infrastructure = { fault: 'infrastructure', retryable: true, http: 503, grpc: 'UNAVAILABLE' } as const;
