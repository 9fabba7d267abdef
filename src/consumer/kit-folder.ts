// A TUF repository in a folder, on the far side of a gap: written from a kit, and kept fresh by a key that is there.

import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ExportError } from '../core/errors.ts';
import { listFiles, replaceFile } from '../trust/durable-file.ts';
import { readFile as readTufFile } from '../trust/tuf/envelope.ts';
import { renewTimestamp } from '../trust/tuf/renew.ts';
import type { TufSigner } from '../trust/tuf/keys.ts';
import type { RootSigned, TimestampSigned } from '../trust/tuf/types.ts';

export type KitFile = { readonly name: string; readonly text: string };

const timestampName = 'timestamp.json';
const rootPattern = /^(\d{1,9})\.root\.json$/;
const safeName = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** Writes the files of a kit; the timestamp last, so that who looks in between sees the old state. */
export async function writeKit(dir: string, files: readonly KitFile[]): Promise<void> {
  const last = (name: string): number => (name === timestampName ? 1 : 0);
  for (const { name, text } of [...files].sort((a, b) => last(a.name) - last(b.name))) {
    if (!safeName.test(name)) throw new ExportError('INPUT_INVALID', `a kit has no file ${JSON.stringify(name)}`);
    const folder = dirname(join(dir, name));
    await mkdir(folder, { recursive: true });
    await replaceFile(folder, name.slice(name.lastIndexOf('/') + 1), text, 0o644);
  }
}

export type KitRenewal = {
  readonly signer: TufSigner;
  readonly now: Date;
  readonly validMs: number;
  readonly stride: number;
};

/** Signs the folder's timestamp anew. Throws NOT_FOUND for a folder without a repository. */
export async function renewKit(dir: string, renewal: KitRenewal): Promise<TimestampSigned> {
  const root = await readRoot(dir);
  const bytes = await readFile(join(dir, timestampName)).catch(() => {
    throw new ExportError('NOT_FOUND', `${dir} holds no ${timestampName}`);
  });
  const timestamp = readTufFile<TimestampSigned>('timestamp', bytes, 'timestamp');
  const renewed = await renewTimestamp({ root, timestamp, ...renewal });
  await replaceFile(dir, timestampName, renewed.bytes.toString('utf8'), 0o644);
  return renewed.envelope.signed;
}

async function readRoot(dir: string) {
  const versions = (await listFiles(dir)).flatMap((name) => Number(rootPattern.exec(name)?.[1] ?? 0));
  const newest = Math.max(0, ...versions);
  if (newest === 0) throw new ExportError('NOT_FOUND', `${dir} holds no TUF repository`);
  return readTufFile<RootSigned>('root', await readFile(join(dir, `${newest}.root.json`)), 'root');
}
