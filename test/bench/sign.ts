// Signing and verifying: signatures a second, and how long our verification of an artifact with 1, 10 and 50 referrers
// takes beside `cosign verify` on the same registry. `verify` is the work itself, inside a running process; `command` is
// our program from its start to its end, which is what cosign's figure is too.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verify } from '../../src/consumer/verify.ts';
import { emptyDescriptor, imageManifest } from '../../src/oci/manifest.ts';
import { signPredicateType } from '../../src/trust/predicate-types.ts';
import { parsePublicKey, signatureHolds } from '../../src/trust/public-key.ts';
import { generateSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import type { Signer } from '../../src/trust/types.ts';
import { judge } from '../judges.ts';
import { mustRun } from '../support/run-program.ts';
import type { Scope } from '../support/scope.ts';
import { exportCenterJson } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startMemoryRegistry, type MemoryRegistry } from '../trust/memory-registry.ts';
import { pushArtifact } from '../trust/memory-repository.ts';
import { attested, emptyTrustedRoot } from '../trust/signing.ts';
import { median, printResult, printTable, rounded } from './support-report.ts';
import { withScope } from './support-scope.ts';

// With one, there is the signature and its provenance, and nothing else.
const sizes = [1, 10, 50];
const rounds = 5;
const signatures = 2_000;

export function run(): Promise<void> {
  return withScope(async (scope) => {
    const signer = signerOf(generateSigningKey());
    const { signPerSecond, verifyPerSecond } = await speeds(signer);
    const rows = await verifications(scope, signer);
    printTable(rows);
    const ours = rows.map(({ referrers, verifyMs }) => [`verify${referrers}`, verifyMs] as const);
    const command = rows.map(({ referrers, commandMs }) => [`command${referrers}`, commandMs] as const);
    const theirs = rows.map(({ referrers, cosignMs }) => [`cosign${referrers}`, cosignMs] as const);
    printResult('sign', { signPerSecond, verifyPerSecond, ...Object.fromEntries([...ours, ...command, ...theirs]) });
  });
}

/** Of a payload as large as a signature's statement. */
async function speeds(signer: Signer): Promise<{ signPerSecond: number; verifyPerSecond: number }> {
  const data = Buffer.alloc(646, signPredicateType);
  const key = parsePublicKey(signer.publicKeyPem);
  let signature: Buffer = Buffer.alloc(0);
  const begun = performance.now();
  for (let i = 0; i < signatures; i++) signature = await signer.sign(data);
  const signed = performance.now();
  for (let i = 0; i < signatures; i++) if (!signatureHolds(key, data, signature)) throw new Error('it does not verify');
  const verified = performance.now();
  return {
    signPerSecond: rounded((signatures * 1_000) / (signed - begun), 0),
    verifyPerSecond: rounded((signatures * 1_000) / (verified - signed), 0),
  };
}

type Row = {
  readonly referrers: number;
  readonly verifyMs: number;
  readonly commandMs: number;
  readonly cosignMs: number;
};

async function verifications(scope: Scope, signer: Signer): Promise<Row[]> {
  const folder = await temporaryFolder(scope, 'bench-sign');
  const key = join(folder, 'cosign.pub');
  await writeFile(key, signer.publicKeyPem);
  const root = await emptyTrustedRoot(folder);
  const registry = await startMemoryRegistry(scope);
  const rows: Row[] = [];
  for (const referrers of sizes) {
    const reference = await publish(registry, signer, referrers);
    const cosign = ['verify', '--key', key, '--insecure-ignore-tlog', '--trusted-root', root, reference];
    const times: { ours: number; command: number; theirs: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      const begun = performance.now();
      if (!(await verify(reference, { key: signer.publicKeyPem })).ok) throw new Error('it does not verify');
      const verified = performance.now();
      await exportCenterJson(['verify', reference, '--key', key]);
      const ended = performance.now();
      await mustRun(judge('cosign'), cosign, { env: { HOME: folder } });
      times.push({ ours: verified - begun, command: ended - verified, theirs: performance.now() - ended });
    }
    const middle = (of: (time: (typeof times)[number]) => number): number => rounded(median(times.map(of)), 1);
    rows.push({
      referrers,
      verifyMs: middle(({ ours }) => ours),
      commandMs: middle(({ command }) => command),
      cosignMs: middle(({ theirs }) => theirs),
    });
  }
  return rows;
}

/** An artifact with signature and provenance, and notes of others up to that number of referrers. */
async function publish({ repository, reference }: MemoryRegistry, signer: Signer, referrers: number): Promise<string> {
  const subject = await pushArtifact(repository, `an artifact with ${referrers} referrers`);
  for (let i = 2; i < referrers; i++) {
    const note = {
      artifactType: 'application/x.note',
      config: emptyDescriptor,
      layers: [],
      annotations: { i: `${i}` },
    };
    await repository.pushManifest(imageManifest({ ...note, subject }));
  }
  await attested(repository, subject, signer, { reference });
  return `${reference}@${subject.digest}`;
}
