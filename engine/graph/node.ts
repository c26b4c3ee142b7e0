/** `ai.onnx` and the empty domain are one. */
export function isOnnxDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}
