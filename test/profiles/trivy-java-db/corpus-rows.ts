// The rows of corpora/java, harvested from real SBOMs by others.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { UpstreamRow } from './upstream-file.ts';

export function corpusRows(file: string): UpstreamRow[] {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [group = '', artifact = '', version = '', classifier = '', sha1 = ''] = line.split('\t');
    return { group, artifact, version, classifier, sha1 };
  });
}
