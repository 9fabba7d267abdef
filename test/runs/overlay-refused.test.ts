// Damaged, hostile and wrong databases are refused whole, with nothing left behind.

import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../src/core/digest.ts';
import { ExportError, type ErrorCode } from '../../src/core/errors.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import { tenant } from '../support/center.ts';
import { mustRun } from '../support/run-program.ts';

import { metadata, type World, openWorld, tarred, pushArtifact } from './overlay-world.ts';

describe('refused whole, with nothing left behind, is', () => {
  type Case = {
    readonly name: string;
    readonly make: (world: World) => Promise<string>;
    readonly code: ErrorCode;
    readonly message: RegExp;
  };
  const withFile = (name: string, bytes: (plain: Buffer) => Buffer | string) => async (world: World) => {
    const file = join(world.folder, name);
    await writeFile(file, bytes(await readFile(join(world.plain, 'trivy.db'))));
    return file;
  };
  const withTar = (prepare: (world: World) => Promise<readonly string[]>) => async (world: World) => {
    const file = join(world.folder, 'made.tar.gz');
    await mustRun('tar', ['-C', world.plain, '-czPf', file, ...(await prepare(world))]);
    return file;
  };
  const cases: Case[] = [
    {
      name: 'a file with another magic',
      make: withFile('trivy.db', (bytes) =>
        Buffer.concat([Buffer.from('SQLite format 3\0'), bytes.subarray(16, 40), Buffer.alloc(90_000)]),
      ),
      code: 'VERIFICATION_FAILED',
      message: /not a bolt file/,
    },
    {
      name: 'a file that is cut short',
      make: withFile('trivy.db', (bytes) => bytes.subarray(0, -5_000)),
      code: 'VERIFICATION_FAILED',
      message: /ends early/,
    },
    {
      name: 'a file with a page that refers to itself',
      make: withFile('trivy.db', (bytes) => {
        const copy = Buffer.from(bytes);
        copy.copyWithin(3 * 4_096, 4 * 4_096, 5 * 4_096);
        return copy;
      }),
      code: 'VERIFICATION_FAILED',
      message: /page 3/,
    },
    {
      name: 'an archive that is cut short',
      make: async (world) => {
        const bytes = await readFile(await tarred(world, 'whole.tar.gz'));
        await writeFile(join(world.folder, 'cut.tar.gz'), bytes.subarray(0, bytes.length / 2));
        return join(world.folder, 'cut.tar.gz');
      },
      code: 'VERIFICATION_FAILED',
      message: /gzip|ends early/,
    },
    {
      name: 'an archive whose database is a link',
      make: withTar(async ({ plain }) => {
        await mustRun('ln', ['-sf', '/etc/passwd', join(plain, 'trivy.db')]);
        return ['trivy.db', 'metadata.json'];
      }),
      code: 'INPUT_INVALID',
      message: /no trivy\.db in it/,
    },
    {
      name: 'an archive whose only database lies above it',
      make: withTar(({ plain, folder }) => {
        return copyFile(join(plain, 'trivy.db'), join(folder, 'trivy.db')).then(() => ['../trivy.db']);
      }),
      code: 'INPUT_INVALID',
      message: /no trivy\.db in it/,
    },
    {
      name: 'an archive with two databases',
      make: withTar(() => Promise.resolve(['--hard-dereference', 'trivy.db', './trivy.db'])),
      code: 'VERIFICATION_FAILED',
      message: /trivy\.db twice/,
    },
    {
      name: 'a database of another schema',
      make: async (world) => {
        await writeFile(join(world.plain, 'metadata.json'), metadata.replace('"Version":2', '"Version":3'));
        return world.plain;
      },
      code: 'INPUT_INVALID',
      message: /schema 3, not 2/,
    },
    {
      name: 'an archive that unfolds to hundreds of times its size',
      make: withFile('bomb.tar.gz', () => {
        const zeros = gzipSync(Buffer.alloc(32 << 20), { level: 9 });
        return Buffer.concat(Array.from({ length: 40 }, () => zeros));
      }),
      code: 'INPUT_TOO_LARGE',
      message: /unfolds to more than/,
    },
    {
      name: 'what is not there',
      make: ({ folder }) => Promise.resolve(join(folder, 'none')),
      code: 'NOT_FOUND',
      message: /is not there/,
    },
  ];
  for (const { name, make, code, message } of cases) {
    test(name, async (t) => {
      const world = await openWorld(t);
      const from = await make(world);
      await assert.rejects(world.take(from), (error) => {
        assert.ok(error instanceof ExportError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(await world.center.evidenceSources(tenant), []);
      assert.deepEqual(await readdir(join(world.data, 'tmp')), []);
    });
  }

  test('an artifact of another kind, or a layer that is not what its digest says', async (t) => {
    const world = await openWorld(t);
    const dir = join(world.folder, 'layout');
    const layout = await openLayout(dir, { create: true });
    const layer = await readFile(await tarred(world, 'db.tar.gz'));
    await pushArtifact(layout, layer, 'java', mediaTypes.trivyJavaDbLayer);
    await assert.rejects(world.take(`${dir}:java`), /is no trivy-db: its layer is a .*javadb/);
    await pushArtifact(layout, layer, '2');
    const blob = layout.blobPath(digestOf(layer));
    const damaged = await readFile(blob);
    damaged[damaged.length - 3] = (damaged.at(-3) ?? 0) ^ 1;
    await writeFile(blob, damaged);
    await assert.rejects(world.take(`${dir}:2`), (error) => {
      assert.ok(error instanceof ExportError);
      assert.equal(error.code === 'DIGEST_MISMATCH' || error.code === 'VERIFICATION_FAILED', true, error.code);
      return true;
    });
    assert.deepEqual(await world.center.evidenceSources(tenant), []);
  });
});
