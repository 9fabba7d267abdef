// Package URLs (purl specification): scheme, type, namespace, name, version, qualifiers.

export type PackageUrl = {
  readonly type: string;
  /** Decoded parts joined by `/`; '' when there is none. */
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly qualifiers: ReadonlyMap<string, string>;
};

/** Undefined for what is no package URL. */
export function parsePackageUrl(text: string): PackageUrl | undefined {
  const match = /^pkg:\/*([A-Za-z][A-Za-z0-9.+-]*)\/([^?#]+)(?:\?([^#]*))?(?:#.*)?$/.exec(text);
  if (match === null) return undefined;
  const [, type = '', path = '', query = ''] = match;
  // A version's `@` is the last one behind the last slash; that of an npm scope stands before it.
  const at = path.lastIndexOf('@');
  const hasVersion = at > path.lastIndexOf('/') && at > 0;
  const parts = decoded((hasVersion ? path.slice(0, at) : path).split('/').filter((part) => part !== ''));
  const version = decoded([hasVersion ? path.slice(at + 1) : '']);
  const qualifiers = qualifiersOf(query);
  const name = parts?.at(-1);
  if (parts === undefined || version === undefined || qualifiers === undefined || name === undefined) return undefined;
  return {
    type: type.toLowerCase(),
    namespace: parts.slice(0, -1).join('/'),
    name,
    version: version[0] ?? '',
    qualifiers,
  };
}

function qualifiersOf(query: string): ReadonlyMap<string, string> | undefined {
  const pairs = query.split('&').filter((pair) => pair !== '');
  const values = decoded(pairs.map((pair) => pair.slice(pair.indexOf('=') + 1)));
  if (values === undefined) return undefined;
  return new Map(pairs.map((pair, at) => [pair.slice(0, pair.indexOf('=')).toLowerCase(), values[at] ?? '']));
}

/** Undefined when one of the texts is not percent-encoded UTF-8. */
function decoded(texts: readonly string[]): string[] | undefined {
  try {
    return texts.map((text) => decodeURIComponent(text));
  } catch {
    return undefined;
  }
}
