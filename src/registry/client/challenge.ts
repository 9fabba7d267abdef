// WWW-Authenticate (RFC 9110 §11.6.1): schemes with their parameters, several in one header.

export type Challenge = {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names are lower case. */
  readonly parameters: ReadonlyMap<string, string>;
};

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const value = /\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/y;
const gap = /[\s,]*/y;

/** The challenges in order; what cannot be read ends the list. */
export function parseChallenges(header: string | undefined): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  const text = header ?? '';
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    take(gap);
    const name = take(token)?.[0].toLowerCase();
    if (name === undefined) return found;
    const assigned = take(value);
    if (assigned === null) found.push({ scheme: name, parameters: new Map() });
    else found.at(-1)?.parameters.set(name, assigned[1]?.replace(/\\(.)/g, '$1') ?? assigned[2] ?? '');
  }
}
