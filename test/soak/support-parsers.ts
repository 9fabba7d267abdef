// Every parser that reads what strangers send, with well-formed examples to start from. `parse` may refuse; what it accepts
// it must have read as it stands.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import { parseDigest } from '../../src/core/digest.ts';
import { parsePointer } from '../../src/evidence/database-pointer.ts';
import { decodeDocument } from '../../src/evidence/json-document.ts';
import { parseOsv } from '../../src/evidence/osv.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { parseBaseConfig, parseDeltaConfig, parseExportManifest } from '../../src/profiles/sharded/documents.ts';
import { readTar } from '../../src/profiles/database/read-tar.ts';
import { parseChallenges } from '../../src/registry/client/challenge.ts';
import { paddingOf, tarEnd, tarHeader } from '../../src/registry/server/download-tar.ts';
import { encode } from '../../src/shard/encode.ts';
import { readJournal } from '../../src/shard/journal.ts';
import {
  journalLine,
  linesOf,
  parseJournalLine,
  parseRawLine,
  parseShardLine,
  rawLine,
  shardLine,
} from '../../src/shard/line.ts';
import { applyGroup, encodeGroup, PatchGroups, readPatch } from '../../src/shard/patch.ts';
import { parseBundle } from '../../src/trust/sigstore-bundle.ts';
import { parseStatement } from '../../src/trust/statement.ts';
import { javaParsers } from './support-java-parsers.ts';

export type Parser = {
  readonly name: string;
  readonly examples: readonly Buffer[];
  readonly parse: (bytes: Buffer) => unknown;
  /** How much rarer than a line parser it is tried, because it costs more. */
  readonly cost: number;
};

const layouts = join(import.meta.dirname, '..', '..', 'registry-fixtures', 'layouts');
const subject = parseDigest(`sha256:${'a'.repeat(64)}`);

export async function allParsers(): Promise<Parser[]> {
  return [
    ...lineParsers(),
    ...(await frameParsers()),
    ...documentParsers(),
    ...textParsers(),
    ...signatureParsers(),
    ...databaseParsers(),
    ...javaParsers(),
  ];
}

function lineParsers(): Parser[] {
  const keys = ['a.json', 'é/€.json', '\u{1f600}.json', 'p\u001fq', '"\\\\"'];
  const records = keys.map((k) => ({ c: 'osv/osv/go', k, v: Buffer.from('{"id":"A","n":[1,{"x":"é"}]}') }));
  const texts = records.map((record) => ({ ...record, v: Buffer.from('"{\\"id\\": \\"A\\"}\\n"') }));
  const changes = [
    ...records.map((record) => journalLine({ op: 'put', ...record })),
    journalLine({ op: 'del', c: 'osv/osv/go', k: 'b' }),
  ];
  return [
    parser(
      'shard lines',
      records.map(shardLine),
      eachLine((line) => shardLine(parseShardLine(line))),
    ),
    parser(
      'raw lines',
      texts.map(rawLine),
      eachLine((line) => rawLine(parseRawLine(line))),
    ),
    parser(
      'journal lines',
      changes,
      eachLine((line) => journalLine(parseJournalLine(line))),
    ),
  ];
}

/** A line that is accepted is written again to the byte. */
function eachLine(again: (line: Buffer) => Buffer): (bytes: Buffer) => void {
  return (bytes) => {
    for (const line of linesOf(bytes)) assert.deepEqual(again(line), line);
  };
}

async function frameParsers(): Promise<Parser[]> {
  const keys = ['a', 'b', 'c/€', 'd'];
  const old = Buffer.from('{"id":"an old value that is long enough to be found again"}');
  const groups = new PatchGroups();
  for (const k of keys) groups.push({ op: k === 'c/€' ? 'del' : 'put', c: 'osv/t', k, v: old, old });
  const group = groups.finish();
  assert.ok(group);
  const patch = await encodeGroup(group);
  const raw = Buffer.concat(keys.map((k) => journalLine({ op: 'put', c: 'osv/t', k, v: old })));
  const read = async (frame: Buffer): Promise<void> => {
    const frames = (async function* () {
      yield frame;
    })();
    for await (const _ of readJournal(frames));
  };
  const apply = (bytes: Buffer): void => {
    for (const received of readPatch(bytes)) applyGroup(received, [old, old, old, old]);
  };
  const regroup = async (keyLines: Buffer): Promise<void> => apply(await encodeGroup({ ...group, keys: keyLines }));
  return [
    parser('journal frames', [encode(raw, { level: 19 })], read, 20),
    parser('journals behind a frame', [raw], (bytes) => read(encode(bytes, { level: 1 })), 20),
    parser('patches', [patch], apply, 20),
    parser('patches behind their frames', [group.keys], regroup, 60),
  ];
}

function documentParsers(): Parser[] {
  const blobs = globSync('*/blobs/sha256/*', { cwd: layouts }).sort();
  const documents = blobs.map((path) => readFileSync(join(layouts, path))).filter((bytes) => bytes[0] === 0x7b);
  const having = (text: string): Buffer[] => documents.filter((bytes) => bytes.includes(`"${text}":`));
  const configs = documents.filter((bytes) => bytes.includes('"schema":1'));
  return [
    parser('manifests', having('layers'), (bytes) => parseManifest(bytes, mediaTypes.ociManifest), 3),
    parser('indexes', having('manifests'), (bytes) => parseManifest(bytes, mediaTypes.ociIndex), 3),
    parser(
      'base configs',
      configs.filter((bytes) => bytes.includes('"shards":')),
      parseBaseConfig,
      3,
    ),
    parser(
      'export manifests',
      configs.filter((bytes) => bytes.includes('"bases":')),
      parseExportManifest,
      3,
    ),
    parser(
      'delta configs',
      configs.filter((bytes) => bytes.includes('"target":')),
      parseDeltaConfig,
      3,
    ),
  ];
}

function textParsers(): Parser[] {
  const lines = gunzipSync(readFileSync(sampleEvidence.day2)).toString().trimEnd().split('\n');
  const osv = lines.flatMap((line) => (JSON.parse(line) as { text?: string }).text ?? []).slice(0, 20);
  const references = ['localhost:5000/a/b:v1', 'oci://h.example/a@sha256:' + '0'.repeat(64), '[::1]:443/x_y/z.w--q:T'];
  const challenges = [
    'Bearer realm="https://r.example/token",service="r",scope="repository:a:pull,push"',
    'Basic realm="a\\"b"',
  ];
  return [
    parser('OSV documents', osv.map(asBytes), (bytes) => parseOsv(decodeDocument(bytes), 'a.json'), 10),
    parser('references', references.map(asBytes), (bytes) => parseReference(bytes.toString('utf8'))),
    parser('challenges', challenges.map(asBytes), (bytes) => parseChallenges(bytes.toString('latin1'))),
  ];
}

function databaseParsers(): Parser[] {
  const pointer = {
    schema: 1,
    format: 'trivy-db',
    origin: { kind: 'registry', reference: 'ghcr.io/aquasecurity/trivy-db:2', manifestDigest: subject },
    layerDigest: subject,
    metadata: { version: 2, updatedAt: '2026-07-01T00:00:00Z' },
    state: { setRoot: subject, records: 7 },
    shards: { repository: 'overlay', digest: subject },
    leftOut: [],
  };
  const files = ['trivy.db', `${'a/'.repeat(90)}metadata.json`].map((name) =>
    Buffer.concat([tarHeader(name, 700), Buffer.alloc(700 + paddingOf(700), 1)]),
  );
  const tar = Buffer.concat([...files, tarEnd]);
  const walk = async (bytes: Buffer): Promise<void> => {
    const pieces = (async function* () {
      yield bytes;
    })();
    for await (const { content } of readTar(pieces)) for await (const _ of content);
  };
  return [
    parser('tar archives', [tar], walk, 5),
    parser('pointers to databases', [asBytes(JSON.stringify(pointer))], (bytes) => parsePointer(decodeDocument(bytes))),
  ];
}

function signatureParsers(): Parser[] {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: 'a'.repeat(64) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: { buildDefinition: {} },
  };
  const payload = Buffer.from(JSON.stringify(statement));
  const bundle = {
    mediaType: mediaTypes.sigstoreBundle,
    verificationMaterial: { publicKey: { hint: 'x' } },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType: 'application/vnd.in-toto+json',
      signatures: [
        { sig: Buffer.from('a signature of some seventy bytes, which nobody checks here').toString('base64') },
      ],
    },
  };
  return [
    parser('sigstore bundles', [asBytes(JSON.stringify(bundle))], parseBundle, 3),
    parser('statements', [payload], (bytes) => parseStatement(bytes, subject), 3),
  ];
}

function parser(
  name: string,
  examples: readonly Buffer[],
  parse: (bytes: Buffer) => unknown,
  cost: number = 1,
): Parser {
  if (examples.length === 0) throw new Error(`no examples for ${name}`);
  return { name, examples, parse, cost };
}

function asBytes(text: string): Buffer {
  return Buffer.from(text);
}
