/** What parity asks for; the page says of each whether it is kept. */
export const LIMITS = {
  /** Both quantizers on one graph with one set of ranges: biases are bit-equal too. */
  sameRanges: { scale: 1e-6, zeroPoint: 0, bias: 0 },
  /** Each with its own calibration, on different versions of ONNX Runtime: relative difference of scales and of the extremes of biases. */
  endToEnd: { scale: 1e-3, zeroPoint: 1, bias: 1e-3 },
  /** Least cosine and largest share of Olive's own error by which Grove's outputs may differ from Olive's. */
  betweenCosine: 0.9999,
  /** Grove's loss may exceed Olive's by rounding only: in dB of SQNR, and as a share of the mean logit difference. */
  sqnrDb: 0.1,
  logitShare: 0.01,
  /** Upper end of the interval of the latency ratio. */
  latencyRatio: 1.02,
} as const;
