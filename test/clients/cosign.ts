// cosign's key-based commands as a pipeline runs them, with the trusted root that the service writes.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { judge } from '../judges.ts';
import { mustRun, runProgram } from '../support/run-program.ts';
import type { Publisher } from './publisher.ts';

export const cosigns = ['cosign', 'cosign2'] as const;
export type Cosign = (typeof cosigns)[number];

type Statement = { predicateType: string; subject: { digest: { sha256: string } }[] };

const provenance = 'https://slsa.dev/provenance/v1';

/** The two commands that a pipeline runs, without the program's name. */
export function cosignCommands({ key, trustedRoot }: Publisher, reference: string): string[][] {
  const rest = ['--key', key, '--trusted-root', trustedRoot, reference];
  return [
    ['verify', ...rest],
    ['verify-attestation', '--type', 'slsaprovenance1', ...rest],
  ];
}

/** Signature and provenance of `reference` verify, and both are about `digest`. */
export async function cosignVerifies(
  version: Cosign,
  publisher: Publisher,
  reference: string,
  digest: string,
): Promise<void> {
  const [signature = '', attestation = ''] = await Promise.all(
    cosignCommands(publisher, reference).map((args) => mustRun(judge(version), args, { env: publisher.env })),
  );
  assert.ok(signature.includes(`"docker-manifest-digest":"${digest}"`), signature);
  const { payload } = JSON.parse(attestation) as { payload: string };
  const { predicateType, subject } = JSON.parse(Buffer.from(payload, 'base64').toString()) as Statement;
  assert.equal(predicateType, provenance);
  // The second one is the export manifest, which no reference can name.
  assert.deepEqual(subject[0], { ...subject[0], digest: { sha256: digest.replace('sha256:', '') } });
  assert.equal(subject.length, 2);
}

/** Neither signature nor provenance verifies. */
export async function cosignRefuses(version: Cosign, publisher: Publisher, reference: string): Promise<void> {
  for (const args of cosignCommands(publisher, reference)) {
    const { code, stdout } = await runProgram(judge(version), args, { env: publisher.env });
    assert.notEqual(code, 0, stdout);
  }
}

/** A publisher whose public key is somebody else's. */
export async function withStrangersKey(publisher: Publisher): Promise<Publisher> {
  const key = join(publisher.folder, 'stranger.pub');
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(key, publicKey.export({ type: 'spki', format: 'pem' }));
  return { ...publisher, key };
}
