// The service under a DNS name, on an address that is not loopback, with a certificate of a private authority, where
// there is no other network: every client passes with the authority's file and nothing else.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { skipWithout } from '../judges.ts';
import { makeCertificates } from '../registry/client/certificates.ts';
import { namespaceJudges, runClosed } from '../support/closed-namespace.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const address = '192.0.2.10';

describe(
  'a private authority',
  { skip: skipWithout('cosign', 'cosign2', 'oras', 'registry', 'tuf-client', ...namespaceJudges) },
  () => {
    it('is all that stock clients need to know, behind a closed network', async (t) => {
      const certificates = await makeCertificates(t);
      if (certificates === undefined) return;
      const folder = await temporaryFolder(t, 'private-ca');
      for (const name of ['ca', 'key', 'cert'] as const)
        await writeFile(join(folder, `${name}.pem`), certificates[name]);
      const hosts = join(folder, 'hosts');
      await writeFile(hosts, `127.0.0.1 localhost\n${address} registry.test\n`);
      const child = join(import.meta.dirname, 'private-ca-child.ts');
      const { code, stdout, stderr } = await runClosed(process.execPath, [child, folder, address], {
        hosts: { file: hosts, addresses: [address] },
        timeoutMs: 300_000,
      });
      t.diagnostic(stdout.trim().replaceAll('\n', '; '));
      assert.equal(code, 0, `${stdout}${stderr}`);
      assert.match(stdout, /^all done$/m);
    });
  },
);
