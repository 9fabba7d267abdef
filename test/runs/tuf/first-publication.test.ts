// A TUF repository that several processes make at the same moment.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestCenter } from '../../support/center.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('of many that make a repository at once one does, the others go on with it, and no key is left over', async (t) => {
  const data = await temporaryFolder(t, 'first-publication');
  const worlds = await Promise.all(Array.from({ length: 8 }, () => openTestCenter(t, { data })));
  for (const name of ['default', 'north', 'south']) {
    if (name !== 'default') await worlds[0]?.center.access.addTenant(name);
    const made = await Promise.all(worlds.map(({ center }) => center.tuf.init(name)));
    for (const summary of made) assert.deepEqual(summary, made[0]);
    const named = new Set(made[0]?.roles.flatMap(({ keys }) => keys.map(({ id }) => `${id}.pem`)));
    assert.deepEqual(new Set(await readdir(join(data, 'tuf', name, 'keys'))), named);
  }
});
