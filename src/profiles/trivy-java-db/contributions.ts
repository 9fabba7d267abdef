// Rows of the Java database out of the tenant's own evidence: archives hashed in place, lists of coordinates, components of
// SBOMs. All SHA-1 that are said of the same coordinates are kept. Where one SHA-1 is said of different coordinates, the
// better witness has it: whoever hashed the archive, then lists, then SBOMs, and databases of others last (Sha1Claims).

import type { Json } from '../../core/canonical-json.ts';
import { coordinatesFault, isSha1, type Coordinates } from '../../evidence/maven-coordinates.ts';
import { PathSet } from '../../evidence/path-set.ts';
import { keyParts, overlayRank, type Contribution, type DatabaseRow, type LeaveOut } from '../database/row.ts';
import { listOf, objectOf, textOf, textsOf, type JsonObject } from '../trivy-db/osv/document.ts';
import { parsePackageUrl } from '../trivy-db/vex/package-url.ts';
import { isJavaRowValue, jar, javaRowKey } from './java-row.ts';

/** A record of the evidence, as far as rows are made of it. */
export type JavaEvidence = { readonly format: string; readonly k: string; readonly v: Json };

/** The formats whose records speak of Java archives, the best witness last. */
const ranks = new Map([
  ['cyclonedx', 10],
  ['spdx', 10],
  ['gav', 20],
  ['jars', 30],
]);

export const javaFormats: readonly string[] = [...ranks.keys()];

/** What one record says. `leaveOut` is told of archives without a SHA-1 (`no-sha1`) and of coordinates without a key. */
export function* javaContributions(record: JavaEvidence, leaveOut?: LeaveOut): Generator<Contribution> {
  const rank = ranks.get(record.format);
  if (rank === undefined) return;
  for (const { coordinates, sha1 } of archivesOf(record)) {
    const good = sha1.map((text) => text.toLowerCase()).filter(isSha1);
    if (good.length === 0) leaveOut?.('no-sha1');
    else if (coordinatesFault(coordinates) !== undefined) leaveOut?.('key-not-writable');
    else yield { k: javaRowKey(coordinates), rank, v: { [jar]: [...new Set(good)].sort() } };
  }
}

type Archive = { readonly coordinates: Coordinates; readonly sha1: readonly string[] };

function archivesOf({ format, k, v }: JavaEvidence): Archive[] {
  const fact = objectOf(v);
  if (format === 'gav') {
    const [group = '', artifact = '', version = '', classifier = ''] = keyParts(k).slice(1);
    return [{ coordinates: { group, artifact, version, classifier }, sha1: textsOf(fact['sha1']) }];
  }
  if (format === 'jars') {
    const [group, artifact, version] = [textOf(fact['group']), textOf(fact['artifact']), textOf(fact['version'])];
    return [
      {
        coordinates: { group, artifact, version, classifier: textOf(fact['classifier']) },
        sha1: [textOf(fact['sha1'])],
      },
    ];
  }
  if (format === 'spdx') return keyParts(k).length > 1 ? packageArchives(fact) : [];
  // The header record holds the component that the whole document is about.
  return keyParts(k).length > 1 ? componentArchives(fact) : nestedArchives(objectOf(fact['metadata'])['component']);
}

function nestedArchives(value: Json | undefined): Archive[] {
  const component = objectOf(value);
  return [...componentArchives(component), ...listOf(component['components']).flatMap(nestedArchives)];
}

function componentArchives(component: JsonObject): Archive[] {
  const hashes = listOf(component['hashes']).map((hash) => objectOf(hash));
  const sha1 = hashes.filter((hash) => hash['alg'] === 'SHA-1').map((hash) => textOf(hash['content']));
  return archiveOf(textOf(component['purl']), sha1);
}

function packageArchives(part: JsonObject): Archive[] {
  const checksums = listOf(part['checksums']).map((checksum) => objectOf(checksum));
  const sha1 = checksums.filter((it) => it['algorithm'] === 'SHA1').map((it) => textOf(it['checksumValue']));
  const references = listOf(part['externalRefs']).map((reference) => objectOf(reference));
  const purls = references.filter((it) => it['referenceType'] === 'purl').map((it) => textOf(it['referenceLocator']));
  return purls.flatMap((purl) => archiveOf(purl, sha1));
}

/** For a package URL of Maven; what is a POM is no archive. */
function archiveOf(text: string, sha1: readonly string[]): Archive[] {
  const purl = parsePackageUrl(text);
  if (purl?.type !== 'maven' || purl.qualifiers.get('type') === 'pom') return [];
  const { namespace: group, name: artifact, version } = purl;
  return [{ coordinates: { group, artifact, version, classifier: purl.qualifiers.get('classifier') ?? '' }, sha1 }];
}

/** Which SHA-1 the tenant's own evidence speaks of, and how good its witness is; some 80 bytes for each. */
export class Sha1Claims {
  readonly #claimed = new PathSet();
  readonly #ranks = new Set<number>();

  add({ rank, v }: Contribution): void {
    this.#ranks.add(rank);
    for (const sha1 of sha1Of(v)) {
      this.#claimed.add(String(rank), sha1);
      this.#claimed.add('', sha1);
    }
  }

  /** True when a better witness than `rank` speaks of a SHA-1. */
  isClaimed(sha1: string, rank: number): boolean {
    if (rank === overlayRank) return this.#claimed.has('', sha1);
    return [...this.#ranks].some((other) => other > rank && this.#claimed.has(String(other), sha1));
  }

  /** The rows of another database without what the tenant's own evidence speaks of. */
  async *withoutClaimed(rows: AsyncIterable<readonly DatabaseRow[]>): AsyncGenerator<readonly DatabaseRow[]> {
    const none = this.#claimed.size === 0;
    for await (const page of rows) yield none ? page : page.flatMap((row) => this.#unclaimed(row) ?? []);
  }

  /** One row out of all that is said of its coordinates; undefined when better witnesses name others for all of it. */
  combine = (_k: string, parts: readonly Contribution[]): Json | undefined => {
    const kept = new Map<string, Set<string>>();
    for (const { rank, v } of parts) {
      for (const [type, sha1] of typed(v)) {
        if (this.isClaimed(sha1, rank)) continue;
        kept.set(type, (kept.get(type) ?? new Set()).add(sha1));
      }
    }
    return valueOf(kept);
  };

  #unclaimed(row: DatabaseRow): DatabaseRow | undefined {
    // Most rows are not spoken of at all, and go on as they are.
    const found = row.v.toString('latin1').match(/[0-9a-f]{40}/g) ?? [];
    if (!found.some((sha1) => this.#claimed.has('', sha1))) return row;
    const v = this.combine(row.k, [{ k: row.k, rank: overlayRank, v: JSON.parse(row.v.toString('utf8')) as Json }]);
    return v === undefined ? undefined : { k: row.k, v: Buffer.from(JSON.stringify(v)) };
  }
}

function valueOf(kept: ReadonlyMap<string, ReadonlySet<string>>): Json | undefined {
  if (kept.size === 0) return undefined;
  return Object.fromEntries(
    [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, set]) => [type, [...set].sort()]),
  );
}

function* typed(v: Json): Generator<[string, string]> {
  if (!isJavaRowValue(v)) return;
  for (const [type, list] of Object.entries(v)) for (const sha1 of list) yield [type, sha1];
}

function sha1Of(v: Json): string[] {
  return [...typed(v)].map(([, sha1]) => sha1);
}
