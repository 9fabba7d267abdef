// The documents of a VEX repository (vex-repo-spec 0.1): one OpenVEX 0.2.0 document for each package, and the index that
// finds them. Functions of the statements alone.

import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import { compareUtf8 } from '../../core/order.ts';
import { objectOf, textOf } from '../trivy-db/osv/document.ts';
import { unique } from '../trivy-db/osv/identifiers.ts';

/** One statement about a package, as `VexPackages` gives it. */
export type PackageStatement = { readonly author: string; readonly statement: Json };

export type PackageEntry = { readonly id: string; readonly location: string };

/** Where the document of package `id` lies: a name of its own, whatever characters the package's has. */
export function locationOf(id: string): string {
  return `pkg/${sha256(id).slice(0, 40)}.openvex.json`;
}

/** The document about package `id`: statements by their age, then by what they say; its time is the newest one's. */
export function packageDocument(id: string, statements: readonly PackageStatement[]): string {
  const sorted = statements
    .map(({ statement }) => ({ statement, at: timestampOf(statement), text: canonicalJson(statement) }))
    .sort((a, b) => compareUtf8(a.at, b.at) || compareUtf8(a.text, b.text));
  const authors = unique(statements.map(({ author }) => author).filter((author) => author !== ''));
  const document = {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': `urn:export-center:vex:${sha256(id)}`,
    author: authors.length === 0 ? 'unknown' : authors.join(', '),
    timestamp: sorted.at(-1)?.at || epoch,
    version: 1,
    statements: sorted.map(({ statement }) => statement),
  };
  return `${canonicalJson(document)}\n`;
}

/** `updatedAt` is the newest time stamp of all statements. */
export function indexDocument(updatedAt: string, packages: readonly PackageEntry[]): string {
  const listed = packages.map(({ id, location }) => ({ id, location, format: 'openvex' }));
  return `${canonicalJson({ updated_at: updatedAt === '' ? epoch : updatedAt, packages: listed })}\n`;
}

export function timestampOf(statement: Json): string {
  return textOf(objectOf(statement)['timestamp']);
}

const epoch = '1970-01-01T00:00:00Z';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
