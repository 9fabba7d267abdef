// The parsers of what speaks of Java archives: lists, SBOMs, archives themselves, and databases of others.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExportError } from '../../src/core/errors.ts';
import { parseCycloneDx } from '../../src/evidence/cyclonedx.ts';
import { parseGav } from '../../src/evidence/gav.ts';
import { parseJarFacts } from '../../src/evidence/jar-facts.ts';
import { decodeDocument } from '../../src/evidence/json-document.ts';
import { jarFiles } from '../../src/evidence/sources/jar-files.ts';
import { parseSpdx } from '../../src/evidence/spdx.ts';
import { failureOf, RowReader } from '../../src/profiles/trivy-java-db/row-reader.ts';
import { buildZip } from '../evidence/zip-builder.ts';
import { writeUpstreamFile } from '../profiles/trivy-java-db/upstream-file.ts';
import type { Parser } from './support-parsers.ts';

const sha1 = 'a'.repeat(40);
const purl = 'pkg:maven/g/a@1?classifier=x';
const cyclonedx = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  components: [{ name: 'a', purl, hashes: [{ alg: 'SHA-1', content: sha1 }], components: [{ name: 'b' }] }],
};
const spdx = {
  spdxVersion: 'SPDX-2.3',
  packages: [{ name: 'a', externalRefs: [{ referenceType: 'purl', referenceLocator: purl }] }],
};

export function javaParsers(): Parser[] {
  const text = (name: string, examples: readonly string[], parse: (text: string) => unknown): Parser => ({
    name,
    examples: examples.map((example) => Buffer.from(example)),
    parse: (bytes) => parse(decodeDocument(bytes)),
    cost: 1,
  });
  return [
    text('lists of coordinates', [`g\ta\t1\tx\t${sha1}\n`.repeat(3)], (list) => parseGav(list, 'r.tsv')),
    text('lines of coordinates', [JSON.stringify({ group: 'g', artifact: 'a', version: '1', sha1 })], (list) =>
      parseGav(list, 'r.jsonl'),
    ),
    text('facts of archives', [JSON.stringify({ group: 'g', artifact: 'a', version: '1', sha1 })], (facts) =>
      parseJarFacts(facts, 'a.jar'),
    ),
    text('CycloneDX', [JSON.stringify(cyclonedx)], (document) => parseCycloneDx(document, 'a.json')),
    text('SPDX', [JSON.stringify(spdx)], (document) => parseSpdx(document, 'a.json')),
    ...fileParsers(),
  ];
}

function fileParsers(): Parser[] {
  const folder = mkdtempSync(join(tmpdir(), 'export-center-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'file');
  const properties = 'groupId=g\nartifactId=a\nversion=1\n';
  const archive = buildZip([
    { name: 'META-INF/maven/g/a/pom.properties', content: properties },
    { name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0\r\n\r\n', stored: true },
  ]);
  const read = (bytes: Buffer): Promise<unknown> => {
    writeFileSync(file, bytes);
    return jarFiles.read(file, 'a-1.jar');
  };
  return [
    { name: 'Java archives', examples: [archive], parse: read, cost: 30 },
    {
      name: 'Java databases',
      examples: [upstreamFile(join(folder, 'upstream.db'))],
      parse: (bytes) => readRows(file, bytes),
      cost: 300,
    },
  ];
}

/** Small, but with inner pages. */
function upstreamFile(path: string): Buffer {
  const rows = Array.from({ length: 600 }, (_, at) => ({
    group: `org.example.g${at % 7}`,
    artifact: `artifact-${at >> 2}`,
    version: `1.${at}`,
    classifier: '',
    sha1: at.toString(16).padStart(40, '0'),
  }));
  writeUpstreamFile(path, rows);
  return readFileSync(path);
}

function readRows(file: string, bytes: Buffer): void {
  writeFileSync(file, bytes);
  let reader: RowReader | undefined;
  try {
    reader = new RowReader(file, 100);
    // A row of the file takes more bytes than this, so that more answers would mean a circle.
    for (let answers = bytes.length / 2_600 + 2; 'lines' in reader.next();) {
      if (answers-- < 0) throw new Error('more rows than the file has room for');
    }
  } catch (error) {
    const { kind, message } = failureOf(error);
    throw kind === 'refused' ? new ExportError('VERIFICATION_FAILED', message) : error;
  } finally {
    reader?.close();
  }
}
