/** What parity asks for; the page says of each whether it is kept. */
export const LIMITS = {
  /** Both quantizers on one graph. */
  sameGraph: { scale: 1e-6, zeroPoint: 0 },
  /** From the checkpoint on: the two graphs are optimised and calibrated by different versions of ONNX Runtime. */
  endToEnd: { scale: 1e-3, zeroPoint: 1 },
  /** Least cosine and largest share of Olive's own error by which Grove's outputs may differ from Olive's. */
  betweenCosine: 0.9999,
  /** Grove's loss may exceed Olive's by rounding only: in dB of SQNR, and as a share of the mean logit difference. */
  sqnrDb: 0.1,
  logitShare: 0.01,
  /** Upper end of the interval of the latency ratio. */
  latencyRatio: 1.02,
} as const;
