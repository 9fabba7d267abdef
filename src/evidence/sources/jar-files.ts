// Java archives as documents: an archive of a folder becomes what jar-facts.ts reads, its SHA-1 and its coordinates. Its code
// is not looked at, and nothing of it is kept.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { canonicalJson } from '../../core/canonical-json.ts';
import { coordinatesOfJar } from '../jar-coordinates.ts';
import { Refused } from '../refused.ts';
import type { FileKind } from './file-kind.ts';

export const jarFiles: FileKind = {
  pattern: /\.(?:jar|war|ear)$/i,
  known: '.jar, .war, .ear',
  pathOf: (path) => path,
  read: readJar,
};

const pomPattern = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;
const manifestName = 'META-INF/MANIFEST.MF';
const clueBytes = 256 << 10;
/** A shaded archive may have hundreds of poms in it; nobody's name is behind so many. */
const mostPoms = 2_000;

async function readJar(file: string | Buffer, path: string): Promise<string> {
  // Who only looks into evidence needs no reader of archives.
  const { readEntries } = await import('./zip.ts');
  const texts = await readEntries(file, (name) => name === manifestName || pomPattern.test(name), {
    entryBytes: clueBytes,
    entries: mostPoms,
  });
  const poms = [...texts].flatMap(([name, content]) => (name === manifestName ? [] : content.toString('utf8')));
  const found = coordinatesOfJar({ path, poms, manifest: texts.get(manifestName)?.toString('utf8') });
  if (found === undefined) {
    throw new Refused(
      'no-coordinates',
      'neither pom.properties, nor a place as in a Maven repository, nor the manifest says its group, artifact and version',
    );
  }
  const { classifier, ...coordinates } = found;
  const facts = { ...coordinates, sha1: await sha1Of(file) };
  return canonicalJson(classifier === '' ? facts : { ...facts, classifier });
}

async function sha1Of(file: string | Buffer): Promise<string> {
  const digest = createHash('sha1');
  for await (const chunk of createReadStream(file, { highWaterMark: 256 << 10 })) digest.update(chunk as Buffer);
  return digest.digest('hex');
}
