/** What looks like a number of one piece of hardware, or opens a door. */
const PATTERNS: readonly RegExp[] = [
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
  /\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b/gi,
  /(?<=:\/\/)[^/\s"@]+(?=@)/g,
  /\b(?:hf|ghp|glpat)_[A-Za-z0-9]{8,}\b/g,
  /(?<=\b(?:token|password|secret|serial(?:number)?)\b["']?\s*[=:]\s*["']?)[^\s"',;]+/gi,
];

/** A document with UUIDs, hardware addresses, passwords in addresses, tokens and the given secrets replaced, so that it can be shown to others. */
export function redacted<T>(document: T, secrets: readonly string[]): T {
  const known = secrets.filter((secret) => secret.length >= 4);
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') return cleanText(value, known);
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(inner)]));
    return value;
  };
  // Texts are replaced by texts: the shape stays what it was.
  return clean(document) as T;
}

function cleanText(text: string, secrets: readonly string[]): string {
  const withoutSecrets = secrets.reduce((rest, secret) => rest.replaceAll(secret, 'REDACTED'), text);
  return PATTERNS.reduce((rest, pattern) => rest.replace(pattern, 'REDACTED'), withoutSecrets);
}
