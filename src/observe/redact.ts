// Takes secrets out of what is about to be logged: members with telling names, and texts that look like credentials
// wherever they stand.

const secretName = /authorization|cookie|password|passphrase|secret|token|private.?key|api.?key/i;

const patterns: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 [redacted]'],
  [/(:\/\/)[^\s/@:]+(?::[^\s/@]*)?@/g, '$1[redacted]@'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '[redacted]'],
  [/\bxpc_[0-9A-Za-z]{8,}/g, '[redacted]'],
  [/\b((?:access_|refresh_)?token|password|signature|sig)=[^&\s"']+/gi, '$1=[redacted]'],
];

const maxDepth = 6;

/** A copy of `value` that JSON can hold and that shows no secret; errors become their name, code, message and stack. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= maxDepth) return '[deeper]';
  if (value instanceof Error) return describeError(value, depth);
  if (value instanceof Date || value instanceof URL) return redactText(JSON.stringify(value).slice(1, -1));
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  const entries = Object.entries(value).map(([name, member]) => [
    name,
    secretName.test(name) && isText(member) ? '[redacted]' : redact(member, depth + 1),
  ]);
  return Object.fromEntries(entries) as unknown;
}

function redactText(text: string): string {
  return patterns.reduce((out, [pattern, replacement]) => out.replace(pattern, replacement), text);
}

function isText(member: unknown): boolean {
  return typeof member === 'string' || Array.isArray(member) || ArrayBuffer.isView(member);
}

function describeError(error: Error, depth: number): unknown {
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    ...(code === undefined ? {} : { code: redact(code, depth + 1) }),
    message: redactText(error.message),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) }),
  };
}
