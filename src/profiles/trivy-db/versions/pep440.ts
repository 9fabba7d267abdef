// Python versions (PEP 440; packaging.python.org "Version specifiers").

import { bounded, compareDigits, compareText, numbersFit, type BoundOperator } from './scheme.ts';

const pattern = new RegExp(
  '^v?(?:(?<epoch>\\d+)!)?(?<release>\\d+(?:\\.\\d+)*)' +
    '(?:[-_.]?(?<pre>alpha|a|beta|b|preview|pre|rc|c)[-_.]?(?<preNumber>\\d+)?)?' +
    '(?:-(?<implicitPost>\\d+)|[-_.]?(?<post>post|rev|r)[-_.]?(?<postNumber>\\d+)?)?' +
    '(?:[-_.]?(?<dev>dev)[-_.]?(?<devNumber>\\d+)?)?' +
    '(?:\\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$',
);

/** Where a version without a pre-release stands among pre-releases, and without a post-release among those. */
const lowest = '-';
const highest = '~';

type Parsed = {
  readonly epoch: string;
  readonly release: readonly string[];
  readonly pre: readonly [string, string];
  readonly post: readonly [string, string];
  readonly dev: readonly [string, string];
  readonly local: readonly string[];
};

export const pep440Scheme = bounded({
  write: writePep440,
  compare: (a, b) => compareParsed(parse(a), parse(b)),
});

/**
 * In normal form: the comparer takes `1.0beta2` apart into `1.0b` and `2`, and refuses capitals. A local part may stand
 * behind `=` alone.
 */
function writePep440(version: string, operator: BoundOperator): string | undefined {
  const text = version.trim().toLowerCase();
  if (!pattern.test(text) || !numbersFit(text)) return undefined;
  const { epoch, release, pre, post, dev, local } = parse(text);
  if (local.length > 0 && operator !== '=') return undefined;
  return [
    epoch === '0' ? '' : `${epoch}!`,
    release.join('.'),
    pre[0] === lowest || pre[0] === highest ? '' : pre.join(''),
    post[0] === lowest ? '' : `.${post.join('')}`,
    dev[0] === highest ? '' : `.${dev.join('')}`,
    local.length === 0 ? '' : `+${local.join('.')}`,
  ].join('');
}

function parse(version: string): Parsed {
  const groups = pattern.exec(version.trim().toLowerCase())?.groups ?? {};
  const post = groups['post'] !== undefined || groups['implicitPost'] !== undefined;
  const dev = groups['dev'] !== undefined;
  const pre = groups['pre'];
  return {
    epoch: groups['epoch'] ?? '0',
    release: (groups['release'] ?? '0').split('.'),
    pre: pre === undefined ? [!post && dev ? lowest : highest, '0'] : [preLetter(pre), groups['preNumber'] ?? '0'],
    post: post ? ['post', groups['implicitPost'] ?? groups['postNumber'] ?? '0'] : [lowest, '0'],
    dev: dev ? ['dev', groups['devNumber'] ?? '0'] : [highest, '0'],
    local: groups['local']?.split(/[-_.]/) ?? [],
  };
}

function preLetter(word: string): string {
  if (word === 'alpha' || word === 'a') return 'a';
  return word === 'beta' || word === 'b' ? 'b' : 'rc';
}

function compareParsed(a: Parsed, b: Parsed): number {
  const epoch = compareDigits(a.epoch, b.epoch);
  if (epoch !== 0) return epoch;
  for (let i = 0; i < Math.max(a.release.length, b.release.length); i++) {
    const order = compareDigits(a.release[i] ?? '0', b.release[i] ?? '0');
    if (order !== 0) return order;
  }
  for (const part of ['pre', 'post', 'dev'] as const) {
    const order = compareText(a[part][0], b[part][0]) || compareDigits(a[part][1], b[part][1]);
    if (order !== 0) return order;
  }
  return compareLocal(a.local, b.local);
}

/** Texts before numbers, shorter before longer. */
function compareLocal(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const x = a[i] ?? '';
    const y = b[i] ?? '';
    const xIsNumber = /^\d+$/.test(x);
    const yIsNumber = /^\d+$/.test(y);
    if (xIsNumber !== yIsNumber) return xIsNumber ? 1 : -1;
    const order = xIsNumber ? compareDigits(x, y) : compareText(x, y);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
