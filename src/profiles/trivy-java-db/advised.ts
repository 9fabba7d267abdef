// The scope `advised`: of the Java database only the artifacts that advisories speak of, under whatever group, because
// Trivy finds the group of an archive by the name of its artifact. Names are compared without case, as Trivy does.

import type { Json } from '../../core/canonical-json.ts';
import { keyParts, type DatabaseRow } from '../database/row.ts';
import { readOsv } from '../trivy-db/osv/document.ts';

/** Names of artifacts in lower case. */
export type AdvisedNames = ReadonlySet<string>;

/** Root buckets of advisories for Maven packages, those of suppliers too (`seal maven::…`). */
const mavenBucket = /^(?:\w+ )?maven::/i;

/** Maven packages of an OSV document as artifact names. */
export function advisedByOsv(document: Json): string[] {
  const packages = readOsv(document).affected.filter(({ ecosystem }) => /^maven(?::|$)/i.test(ecosystem));
  return packages.map(({ name }) => artifactOf(name));
}

/** The artifact that a row of a `trivy.db` has an advisory for. */
export function advisedByRow(k: string): string | undefined {
  const [bucket = '', name] = keyParts(k);
  return name !== undefined && mavenBucket.test(bucket) ? artifactOf(name) : undefined;
}

/** Whether a row of the Java database has one of the names. */
export function isAdvised(k: string, names: AdvisedNames): boolean {
  return names.has(keyParts(k)[1]?.toLowerCase() ?? '');
}

export async function* advisedRows(
  rows: AsyncIterable<readonly DatabaseRow[]>,
  names: AdvisedNames,
): AsyncGenerator<readonly DatabaseRow[]> {
  for await (const page of rows) yield page.filter(({ k }) => isAdvised(k, names));
}

/** `group:artifact` → `artifact`. */
function artifactOf(name: string): string {
  return name.slice(name.indexOf(':') + 1).toLowerCase();
}
