// scrub as a program: on a folder of its own and through the service that holds it, with the same result.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { digestHex } from '../../src/core/digest.ts';
import { openDiskStorage } from '../../src/registry/storage/disk-storage.ts';
import { layerOf, pushArtifact } from '../registry/storage/artifacts.ts';
import { runExportCenter, startService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function damagedFolder(t: Parameters<typeof temporaryFolder>[0]): Promise<{ data: string; digest: string }> {
  const data = await temporaryFolder(t, 'data');
  const storage = await openDiskStorage(join(data, 'registry'), { clock: systemClock });
  await pushArtifact(storage.repository('default/mirror'), 'to be damaged', { tags: ['latest'] });
  const { digest } = layerOf('to be damaged');
  const hex = digestHex(digest);
  await writeFile(join(data, 'registry', 'blobs', 'sha256', hex.slice(0, 2), hex), 'something else');
  return { data, digest };
}

function expected(digest: string): unknown {
  return [['default/mirror'], digest];
}

for (const through of ['on a folder', 'through the service']) {
  test(`scrub ${through} takes what is damaged aside, ends with 3, and names it as missing the next time`, async (t) => {
    const { data, digest } = await damagedFolder(t);
    if (through === 'through the service') await startService(t, { data });
    const first = await runExportCenter(['scrub', '--data', data, '--json', '--quiet']);
    assert.equal(first.code, 3, first.stderr);
    const found = JSON.parse(first.stdout) as {
      ok: boolean;
      blobs: number;
      quarantined: { digest: string; reason: string; repositories: string[] }[];
      missing: { digest: string; repositories: string[] }[];
    };
    assert.deepEqual([found.ok, found.missing], [false, []]);
    // A service has its TUF repositories there too.
    assert.ok(found.blobs >= 3, `${found.blobs} blobs`);
    assert.deepEqual(
      found.quarantined.map((entry) => [entry.repositories, entry.digest]),
      [expected(digest)],
    );
    const second = await runExportCenter(['scrub', '--data', data]);
    assert.equal(second.code, 3, second.stderr);
    assert.match(second.stdout, new RegExp(`^missing +${digest} +default/mirror`, 'm'));
  });
}
