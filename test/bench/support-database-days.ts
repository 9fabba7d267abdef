// Days of two made-up upstream databases, the same in every run: what a row says on a day follows from its number alone.
// Changes are scattered evenly over all rows, which is the worst case for a delta.

import { hash } from 'node:crypto';
import type { Json } from '../../src/core/canonical-json.ts';
import { canonicalBytes } from '../../src/core/canonical-json.ts';
import { rowKey, type DatabaseRow } from '../../src/profiles/database/row.ts';

/** Shares of the rows that change and are added on a day: together below one in a hundred. */
const changedShare = 0.008;
const addedShare = 0.001;
const javaAddedShare = 0.001;

const packageRows = 8;
const buckets = Array.from({ length: 17 }, (_, at) => `distribution ${String(at + 10)}`);

/** A number from 0 to 1 for each name. */
function chance(...parts: readonly (string | number)[]): number {
  return Number.parseInt(hash('md5', parts.join('/')).slice(0, 12), 16) / 2 ** 48;
}

/** The last day until `day` on which row `number` changed; 0 when none did. */
function lastChange(number: number, day: number): number {
  for (let on = day; on > 0; on--) if (chance('change', number, on) < changedShare) return on;
  return 0;
}

const words =
  'a an the of in to is was attacker remote crafted request overflow buffer memory heap parser version service allows code denial leak before through packet header image file input'.split(
    ' ',
  );

function text(number: number): string {
  const digits = hash('sha512', String(number));
  return Array.from(
    { length: 40 },
    (_, at) => words[Number.parseInt(digits.slice(at * 3, at * 3 + 3), 16) % words.length],
  ).join(' ');
}

/** `count` rows of the first day, and what came to them until `day`, in rising order of k. */
export async function* trivyRows(count: number, day: number): AsyncGenerator<DatabaseRow[]> {
  const vulnerabilities = Math.floor(count / 6);
  const packages = Math.ceil((count - vulnerabilities) / packageRows);
  const each = Math.ceil(packages / buckets.length);
  for (let number = 0; number < packages; number++) {
    const [bucket, name] = [buckets[Math.floor(number / each)] as string, `package-${String(number).padStart(7, '0')}`];
    const page: DatabaseRow[] = [];
    for (let at = 0; at < packageRows; at++) {
      const row = number * packageRows + at;
      const id = `CVE-20${10 + at}-${String((row * 7_919) % 100_000).padStart(5, '0')}`;
      page.push(rowOf(rowKey(bucket, name, id), { FixedVersion: versionOf(row, lastChange(row, day)) }));
    }
    for (let on = 1; on <= day; on++) {
      if (chance('add', number, on) >= addedShare * packageRows) continue;
      const id = `CVE-2030-${String(on)}${String(number).padStart(7, '0')}`;
      page.push(rowOf(rowKey(bucket, name, id), { FixedVersion: versionOf(number, on) }));
    }
    yield page;
  }
  for (let number = 0; number < vulnerabilities; number++) {
    const changed = lastChange(-number - 1, day);
    const value = {
      Title: `flaw ${number}`,
      Description: text(number),
      Severity: ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'][number % 4] as string,
      LastModifiedDate: `2026-06-${10 + changed}T00:00:00Z`,
      References: [`https://example.org/${hash('md5', String(number)).slice(0, 8)}`],
    };
    yield [rowOf(rowKey('vulnerability', `CVE-2024-${String(number).padStart(7, '0')}`), value)];
  }
}

function versionOf(row: number, changed: number): string {
  const digits = hash('md5', `${row}/${changed}`);
  const [major, minor, patch] = [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16));
  return `${(major ?? 0) % 9}.${(minor ?? 0) % 40}.${(patch ?? 0) % 20}-${changed}`;
}

const javaVersions = 30;

/** `count` archives of the first day, and the versions that came out until `day`, in rising order of k. */
export async function* javaRows(count: number, day: number): AsyncGenerator<DatabaseRow[]> {
  for (let number = 0; number * javaVersions < count; number++) {
    const digits = String(number).padStart(7, '0');
    const [group, artifact] = [`org.example.g${digits.slice(0, 5)}`, `artifact-${digits}`];
    const versions = Array.from({ length: javaVersions }, (_, at) => `1.${String(at).padStart(2, '0')}.0`);
    for (let on = 1; on <= day; on++) {
      if (chance('release', number, on) < javaAddedShare * javaVersions)
        versions.push(`2.${String(on).padStart(2, '0')}.0`);
    }
    yield versions.map((version) =>
      rowOf(rowKey(group, artifact, version, ''), { jar: [hash('sha1', `${artifact}/${version}`)] }),
    );
  }
}

function rowOf(k: string, v: Json): DatabaseRow {
  return { k, v: canonicalBytes(v) };
}
