// `run trivy:db --compare`: what another database has else, in the result and as an artifact.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Digest } from '../../src/core/digest.ts';
import { ExportError } from '../../src/core/errors.ts';
import { fileOf } from '../boltdb/memory-file.ts';
import { tenant } from '../support/center.ts';

import { sep, rows, factsOf, openWorld } from './overlay-world.ts';

describe('run trivy:db --compare', () => {
  test('reports what another database has else, in the result and as an artifact, also when nothing changed', async (t) => {
    const world = await openWorld(t);
    await world.take(world.plain);
    const theirs = rows
      .slice(1)
      .map(({ k, json }) =>
        k.endsWith(`pkg-0700${sep}CVE-2024-0`)
          ? { k, json: { FixedVersion: '9', AffectedVersion: '<2' } }
          : { k, json },
      );
    const other = join(world.folder, 'other');
    await mkdir(other);
    await writeFile(join(other, 'trivy.db'), (await fileOf(factsOf(theirs))).bytes);
    const request = { profile: 'trivy:db', compare: other };
    const first = await world.succeed(request);
    const again = await world.succeed(request);
    assert.deepEqual(again.comparison, first.comparison);
    const { comparison } = first;
    const none = { same: 0, onlyOurs: 0, onlyTheirs: 0, severity: 0, status: 0, fix: 0, other: 0 };
    const bucket = comparison?.buckets.find((each) => each.bucket === 'alpine 3.20');
    assert.deepEqual(bucket, { bucket: 'alpine 3.20', ...none, same: 2_998, onlyOurs: 1, fix: 1 });
    const repository = (await world.center.registryStorage()).repository(`${tenant}/trivy-db-parity`);
    const digest = comparison?.report.split('@')[1] ?? '';
    const manifest = JSON.parse((await repository.manifest(digest))?.bytes.toString() ?? '{}') as {
      layers: { mediaType: string; digest: Digest; size: number; annotations: Record<string, string> }[];
    };
    const text = new Map<string, string>();
    for (const layer of manifest.layers) {
      const pieces: Buffer[] = [];
      for await (const piece of repository.openBlob(layer)) pieces.push(piece);
      const bytes = Buffer.concat(pieces);
      const title = layer.annotations['org.opencontainers.image.title'] ?? '';
      text.set(title, title.endsWith('.gz') ? gunzipSync(bytes).toString() : bytes.toString());
    }
    assert.deepEqual((JSON.parse(text.get('parity.json') ?? '') as { total: unknown }).total, comparison?.total);
    assert.match(text.get('parity.md') ?? '', /^\| alpine 3\.20 \| 2998 \| 1 \| 0 \| 0 \| 0 \| 1 \| 0 \|$/m);
    const lines = (text.get('differences.jsonl.gz') ?? '').trimEnd().split('\n');
    const said = lines.map((line) => JSON.parse(line) as { k: string[]; differs?: string[] });
    const { total } = comparison ?? assert.fail('no comparison');
    assert.equal(lines.length, total.onlyOurs + total.onlyTheirs + total.fix);
    assert.deepEqual(
      said.filter(({ differs }) => differs !== undefined),
      [
        {
          differs: ['fix'],
          k: ['alpine 3.20', 'pkg-0700', 'CVE-2024-0'],
          ours: { FixedVersion: '1.2800-r0', AffectedVersion: '<2' },
          theirs: { FixedVersion: '9', AffectedVersion: '<2' },
        },
      ],
    );
  });

  test('is refused for what is no database', async (t) => {
    const { center } = await openWorld(t);
    await assert.rejects(
      center.startRun(tenant, { profile: 'mirror:full', compare: '/none' }),
      (error) => error instanceof ExportError && error.code === 'USAGE',
    );
  });
});
