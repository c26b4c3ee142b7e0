/**
 * What went wrong, from the last lines that pip printed: `no-space` for a full disk, else words for a person. Lines are bounded by whoever
 * read them.
 */
export function pipProblem(tail: readonly string[]): string {
  const text = tail.join('\n');
  if (/No space left on device|There is not enough space on the disk/i.test(text)) return 'no-space';
  if (/DO NOT MATCH THE HASHES/i.test(text)) return `a package is not the pinned one: ${hashLine(tail)}`;
  const missing = /No matching distribution found for ([^\s;(]+)/.exec(text)?.[1];
  if (missing !== undefined) return `there is no wheel of ${missing} for this Python and system`;
  if (
    /(?:Temporary failure in name resolution|Connection refused|Network is unreachable|Max retries exceeded|ProxyError|timed out)/i.test(
      text,
    )
  )
    return 'the package index cannot be reached; give a folder of wheels with --wheels';
  return tail.findLast((line) => /^(?:ERROR|error):/.test(line.trim())) ?? tail.at(-1) ?? 'the program ended without a word';
}

/** pip names the requirement before the digests it expected and got. */
function hashLine(tail: readonly string[]): string {
  const line = tail.find((candidate) => /^\s*\S+==\S+ from /.test(candidate)) ?? tail.find((candidate) => /Got\s/.test(candidate));
  return line?.trim() ?? 'its digest differs';
}
