/** One bucket, or one prefix of it, as the farm's artifact store. */
export interface S3Settings {
  /** Origin under which the coordinator reaches the server: `https://s3.lab:9000`. */
  readonly endpoint: string;
  /** Origin under which agents and the CLI reach it. */
  readonly publicEndpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Put before every key; empty, or ends with `/`. Several farms may share a bucket. */
  readonly prefix: string;
  /** `endpoint/bucket/key` rather than `bucket.endpoint/key`. */
  readonly pathStyle: boolean;
  /** Makes the bucket when it is missing. */
  readonly createBucket: boolean;
  /** PEM certificates trusted for this server beside the system's. */
  readonly caFile: string | null;
}
