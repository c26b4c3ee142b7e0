/**
 * Environment under which no library that Grove runs reports to its vendor. ONNX Runtime's official builds send model names, hashes and run times from
 * version 1.29 on, on every system but Windows, unless `ORT_DISABLE_TELEMETRY` is set before they load (microsoft/onnxruntime#27379); Olive,
 * NNCF and the Hugging Face libraries have switches of their own.
 */
export const TELEMETRY_OFF = {
  ORT_DISABLE_TELEMETRY: '1',
  OLIVE_DISABLE_TELEMETRY: '1',
  HF_HUB_DISABLE_TELEMETRY: '1',
  NNCF_CI: '1',
  DO_NOT_TRACK: '1',
} as const;

/**
 * Sets `TELEMETRY_OFF` in this process. Takes effect on libraries loaded afterwards. Children that an agent starts have it in their environment already;
 * this is for commands that load ONNX Runtime themselves.
 */
export function disableTelemetry(): void {
  // biome-ignore lint/style/noProcessEnv: native libraries read the environment of the process itself.
  Object.assign(process.env, TELEMETRY_OFF);
}
