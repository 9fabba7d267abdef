// Keys and bucket paths as messages show them: quoted, cut to a length that a line bears.

const maxChars = 100;
const maxNames = 8;

/** A key as a quoted string; what is not UTF-8 shows as U+FFFD. */
export function shownKey(key: Uint8Array): string {
  const text = Buffer.from(key.buffer, key.byteOffset, Math.min(key.length, 4 * maxChars)).toString('utf8');
  const whole = key.length <= 4 * maxChars && text.length <= maxChars;
  return whole ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, maxChars))}…`;
}

/** A bucket by the names that lead to it. */
export function shownBucket(path: readonly Uint8Array[]): string {
  if (path.length === 0) return 'the root bucket';
  const names = path.slice(0, maxNames).map(shownKey);
  return `bucket ${names.join(' / ')}${path.length > maxNames ? ' / …' : ''}`;
}
