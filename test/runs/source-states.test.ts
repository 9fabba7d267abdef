// The state of each source in the provenance: the set root that an export of that source alone has.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import { SourceReader } from '../../src/consumer/source-reader.ts';
import { checkVouching } from '../../src/consumer/vouching.ts';
import { openCenter } from '../../src/runs/open-center.ts';
import { verifySubject } from '../../src/trust/verify-subject.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

type Dependency = { readonly uri?: string; readonly digest: { readonly setRoot?: string } };

type Predicate = {
  readonly buildDefinition: { readonly resolvedDependencies: readonly Dependency[] };
  readonly runDetails: { readonly builder: { readonly id: string } };
};

describe('the provenance of an export', () => {
  it('says the state of every source, as of the bundle, and the deployment that built it', async (t) => {
    const data = await temporaryFolder(t, 'states');
    const center = await openCenter({ data, env: {}, publicUrl: 'https://exports.example' });
    atEnd(t, () => center.close());
    const run = async (profile: string): Promise<{ digest: string; setRoot: string }> => {
      const { run: id } = await center.startRun('default', { profile });
      for await (const _ of center.runEvents('default', id));
      const { result } = await center.run('default', id);
      assert.ok(result);
      return result;
    };
    const { day1, day2 } = sampleEvidence;
    await center.ingest('default', { source: 'first', from: day1 });
    await center.ingest('default', { source: 'second', from: day2 });
    const { digest } = await run('mirror:full');
    const roots: string[] = [];
    for (const source of ['first', 'second']) {
      await center.putProfile('default', { name: `only:${source}`, kind: 'mirror:full', scope: { sources: [source] } });
      roots.push((await run(`only:${source}`)).setRoot);
    }
    const repository = (await center.registryStorage()).repository('default/mirror');
    const root = await repository.resolve(digest);
    assert.ok(root);
    const [key] = await center.keys();
    const { ok, evidence } = await verifySubject(repository, root, key?.publicKey ?? '');
    assert.ok(ok);
    const statement = evidence[1]?.statement as { readonly predicate: Predicate } | undefined;
    assert.ok(statement);
    const { predicate } = statement;
    const states = predicate.buildDefinition.resolvedDependencies.filter(({ uri }) => uri !== undefined);
    assert.deepEqual(
      states.map(({ uri, digest: { setRoot } }) => [uri, `sha256:${setRoot}`]),
      [
        ['urn:export-center:source:first', roots[0]],
        ['urn:export-center:source:second', roots[1]],
      ],
    );
    assert.equal(predicate.runDetails.builder.id, 'https://exports.example');
    // And a consumer with the trusted root finds all of it in the log.
    const trustedRoot = await readFile(join(data, 'trust', 'trusted_root.json'));
    const source = { reader: new SourceReader(repository) };
    const { checks } = await checkVouching(source, root, { keys: [key?.publicKey ?? ''], trustedRoot });
    assert.deepEqual(
      checks.map(({ name, ok: good }) => [name, good]),
      ['signature', 'log', 'provenance'].map((name) => [name, true]),
    );
  });
});
