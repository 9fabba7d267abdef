// Processes that sign one artifact in one store at the same time: every signature stays, in both layouts.

import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../src/core/clock.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { takeTurn } from '../../src/db/turns.ts';
import { readSignatureTag } from '../../src/oci/signature-tag.ts';
import { openDiskStorage } from '../../src/registry/storage/disk-storage.ts';
import { SharedTurns } from '../../src/runs/shared-turns.ts';
import { cosignTag } from '../../src/trust/cosign-tags.ts';
import { verifySubject } from '../../src/trust/verify-subject.ts';
import { onEachEngine } from '../db/engines.ts';
import { mustRun } from '../support/run-program.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { pushArtifact } from '../trust/memory-repository.ts';

const module = (path: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, path)).href);

/** Signs with three keys of its own, one after the other, and prints their public halves. */
const signing = (folder: string, digest: string, size: number): string => `
  const { systemClock } = await import(${module('../../src/core/clock.ts')});
  const { openDatabase } = await import(${module('../../src/db/open-database.ts')});
  const { openDiskStorage } = await import(${module('../../src/registry/storage/disk-storage.ts')});
  const { SharedTurns } = await import(${module('../../src/runs/shared-turns.ts')});
  const { attested } = await import(${module('../trust/signing.ts')});
  const db = await openDatabase({ file: ${JSON.stringify(join(folder, 'center.db'))} }, systemClock);
  const storage = await openDiskStorage(${JSON.stringify(folder)}, { clock: systemClock });
  const repository = storage.repository('default/mirror');
  const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: '${digest}', size: ${size} };
  const queue = new SharedTurns(db, systemClock);
  const keys = [];
  for (let i = 0; i < 3; i++) keys.push((await attested(repository, subject, undefined, { queue })).signer.publicKeyPem);
  console.log(JSON.stringify(keys));
  await db.close();`;

describe('turns that processes share', () => {
  it('let three processes sign one artifact at once without losing a signature', async (t) => {
    const folder = await temporaryFolder(t, 'turns');
    await (await openDatabase({ file: join(folder, 'center.db') }, systemClock)).close();
    const storage = await openDiskStorage(folder, { clock: systemClock });
    const repository = storage.repository('default/mirror');
    const subject = await pushArtifact(repository, 'artifact');
    const script = signing(folder, subject.digest, subject.size);
    const runs = [1, 2, 3].map(() => mustRun(process.execPath, ['--input-type=module', '-e', script]));
    const keys = (await Promise.all(runs)).flatMap((text) => JSON.parse(text) as string[]);
    assert.equal(new Set(keys).size, 9);
    for (const suffix of ['sig', 'att'] as const) {
      const manifest = await readSignatureTag(repository, cosignTag(subject.digest, suffix));
      assert.equal(manifest?.layers.length, 9);
    }
    for (const key of keys) assert.ok((await verifySubject(repository, subject, key)).ok);
  });

  it('are given back by work that fails', async (t) => {
    const db = await openDatabase({ file: join(await temporaryFolder(t), 'center.db') }, systemClock);
    atEnd(t, () => db.close());
    await assert.rejects(
      new SharedTurns(db, systemClock).run('a', () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.deepEqual(await db.query('select name from turn'), []);
  });
});

onEachEngine('turns pass from one to the next, and from the dead to the living', async (_, { open }) => {
  const db = await open();
  const [first, second] = [new SharedTurns(db, systemClock), new SharedTurns(db, systemClock)];
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await db.query('select 1 as one');
    inside--;
  };
  await Promise.all([1, 2, 3].flatMap(() => [first.run('a', work), second.run('a', work)]));
  assert.equal(most, 1);
  // No process has that number: it is above what Linux gives out.
  const owner = `${hostname()}:4194305:dead`;
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await takeTurn(db, { name: 'b', owner }, { now: new Date().toISOString(), until });
  assert.equal(await first.run('b', () => Promise.resolve('done')), 'done');
});
