// The official conformance program of the distribution specification against our server: both profiles, with the two
// ways to log in. Nothing may fail.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { createHttp } from '../../src/registry/client/http.ts';
import { openS3Storage } from '../../src/registry/storage/s3/s3-storage.ts';
import type { RegistryStorage } from '../../src/registry/storage/storage.ts';
import { judgeOrSkip } from '../judges.ts';
import { startRegistry } from '../registry/start-registry.ts';
import { runProgram } from '../support/run-program.ts';
import { startS3Server } from '../support/s3-server.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const cases = [
  { version: '1.1', challenge: 'bearer' },
  { version: '1.1', challenge: 'basic' },
  { version: 'dev', challenge: 'bearer' },
  { version: 'dev', challenge: 'basic' },
  { version: 'dev', challenge: 'basic', storage: 'bucket' },
] as const;

describe('the OCI conformance program', { concurrency: 1 }, () => {
  for (const { version, challenge, ...rest } of cases) {
    const where = 'storage' in rest ? 'in a bucket' : 'on a disk';
    it(`finds no failure in profile ${version} behind ${challenge} authentication, stored ${where}`, async (t) => {
      const conformance = judgeOrSkip(t, 'conformance');
      if (conformance === undefined) return;
      const storage = 'storage' in rest ? await bucketStorage(t) : undefined;
      if (storage === 'skipped') return;
      const registry = await startRegistry(t, { challenge, ...(storage ? { storage } : {}) });
      const results = await temporaryFolder(t, 'conformance');
      const { code, stdout, stderr } = await runProgram(conformance, [], {
        cwd: results,
        env: {
          OCI_REGISTRY: registry.host,
          OCI_TLS: 'disabled',
          OCI_REPO1: 'conformance/one',
          OCI_REPO2: 'conformance/two',
          OCI_USERNAME: 'operator',
          OCI_PASSWORD: registry.token,
          OCI_VERSION: version,
          OCI_RESULTS_DIR: results,
          OCI_LOG: 'error',
        },
      });
      const junit = await readFile(join(results, 'junit.xml'), 'utf8');
      t.diagnostic(/<testsuites? [^>]*>/.exec(junit)?.[0] ?? 'no junit.xml');
      assert.equal(code, 0, `${stdout.slice(-2_000)}\n${stderr.slice(-4_000)}`);
      const yaml = await readFile(join(results, 'results.yaml'), 'utf8');
      const verdicts = yaml.slice(yaml.indexOf('\napis:')).match(/: \w+$/gm) ?? [];
      assert.deepEqual(new Set(verdicts), new Set([': Pass', ': Disabled']));
      assert.deepEqual(
        registry.log.filter((entry) => entry.error !== undefined),
        [],
      );
    });
  }
});

async function bucketStorage(t: TestContext): Promise<RegistryStorage | 'skipped'> {
  if (judgeOrSkip(t, 'versitygw') === undefined) return 'skipped';
  const { location } = await startS3Server(t);
  const http = createHttp({ env: {} });
  atEnd(t, () => http.close());
  return openS3Storage({ location, http, clock: systemClock });
}
