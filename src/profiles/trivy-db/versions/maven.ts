// Maven versions (maven.apache.org "Version Order Specification"): tokens parted by dots, hyphens and changes between
// digits and letters; nulls before a hyphen and at the end are cut off; padded when compared.

import { bounded, compareDigits, compareText, numbersFit } from './scheme.ts';

/** `separator` is what stands before the token; a change between digits and letters counts as a hyphen. */
type Token = { readonly separator: '.' | '-'; readonly text: string };

const qualifiers = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const aliases = new Map([
  ['ga', ''],
  ['final', ''],
  ['release', ''],
  ['cr', 'rc'],
]);
const shortForms = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['m', 'milestone'],
]);

export const mavenScheme = bounded({
  write: (version) => (/^[0-9A-Za-z~_.+-]+$/.test(version) && numbersFit(version) ? version : undefined),
  compare: (a, b) => compareTokens(tokensOf(a), tokensOf(b)),
});

function tokensOf(version: string): Token[] {
  const tokens: Token[] = [];
  let separator: '.' | '-' = '.';
  let wasWord = false;
  for (const match of version.toLowerCase().matchAll(/([.-])|(\d+)|([^.\d-]+)/g)) {
    const [text, mark, digits] = match;
    if (mark === '.' || mark === '-') {
      // An empty token counts as 0.
      if (!wasWord) tokens.push({ separator, text: '0' });
      separator = mark;
      wasWord = false;
      continue;
    }
    const before: Token['separator'] = wasWord ? '-' : separator;
    tokens.push({ separator: before, text: digits ?? wordOf(text, version[match.index + text.length]) });
    wasWord = true;
  }
  return trimmed(tokens);
}

function wordOf(word: string, next: string | undefined): string {
  const long = next !== undefined && /\d/.test(next) ? shortForms.get(word) : undefined;
  return long ?? aliases.get(word) ?? word;
}

/** Without nulls at the end and before hyphens. */
function trimmed(tokens: readonly Token[]): Token[] {
  const out: Token[] = [];
  for (const token of tokens) {
    if (token.separator === '-') dropNulls(out);
    out.push(token);
  }
  dropNulls(out);
  return out;
}

function dropNulls(tokens: Token[]): void {
  while (tokens.length > 1 && isNull(tokens.at(-1)?.text ?? '')) tokens.pop();
}

function isNull(text: string): boolean {
  return text === '' || /^0+$/.test(text);
}

function compareTokens(a: readonly Token[], b: readonly Token[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const x = a[i] ?? padding(b[i]);
    const y = b[i] ?? padding(a[i]);
    const order = compareToken(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

/** What a missing token counts as beside `other`. */
function padding(other: Token | undefined): Token {
  const separator = other?.separator ?? '.';
  return { separator, text: /^\d/.test(other?.text ?? '') ? '0' : '' };
}

/** `.word` = `-word` < `-number` < `.number`. */
function compareToken(a: Token, b: Token): number {
  const kinds = kindOf(a) - kindOf(b);
  if (kinds !== 0) return kinds;
  return kindOf(a) === 0 ? compareText(wordRank(a.text), wordRank(b.text)) : compareDigits(a.text, b.text);
}

function kindOf({ separator, text }: Token): number {
  if (!/^\d/.test(text)) return 0;
  return separator === '-' ? 1 : 2;
}

function wordRank(word: string): string {
  const known = qualifiers.indexOf(word);
  return known < 0 ? `${qualifiers.length}-${word}` : String(known);
}
