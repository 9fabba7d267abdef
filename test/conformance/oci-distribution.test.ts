// The official conformance program of the distribution specification against our server: both profiles, with the two
// ways to log in. Nothing may fail.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { judgeOrSkip } from '../judges.ts';
import { startRegistry } from '../registry/start-registry.ts';
import { runProgram } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const cases = [
  { version: '1.1', challenge: 'bearer' },
  { version: '1.1', challenge: 'basic' },
  { version: 'dev', challenge: 'bearer' },
  { version: 'dev', challenge: 'basic' },
] as const;

describe('the OCI conformance program', { concurrency: 1 }, () => {
  for (const { version, challenge } of cases) {
    it(`finds no failure in profile ${version} behind ${challenge} authentication`, async (t) => {
      const conformance = judgeOrSkip(t, 'conformance');
      if (conformance === undefined) return;
      const registry = await startRegistry(t, { challenge });
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
