// Names of sources and collections (formats.md §1): c = `<format>/<SOURCE>[/<sub-source>]`.

/** Longer names than this do not fit beside a key in a database index. */
const maxChars = 100;

/** One component of a collection's name. */
export function isSourceName(name: string): boolean {
  return name.length <= maxChars && /^[a-z0-9][a-z0-9._-]*$/.test(name);
}

export function collectionOf(format: string, source: string, subSource: string | undefined): string {
  return subSource === undefined ? `${format}/${source}` : `${format}/${source}/${subSource}`;
}

export type CollectionParts = {
  readonly format: string;
  readonly source: string;
  readonly subSource: string | undefined;
};

export function collectionParts(c: string): CollectionParts {
  const [format = '', source = '', subSource] = c.split('/');
  return { format, source, subSource };
}

/** `SOURCE` or `SOURCE/sub-source`: what people call a collection. */
export function sourceOfCollection(c: string): string {
  return c.slice(c.indexOf('/') + 1);
}
