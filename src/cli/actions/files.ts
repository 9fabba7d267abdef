// sign, and verify with --bundle: single files.

import { readFile, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { digestOf } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { checkFileSize } from '../../trust/file-signature.ts';
import { argument, textOption, type CommandRun, type Outcome } from '../command.ts';
import { formatPairs } from '../format.ts';
import { withCenter } from '../with-center.ts';

/** Signs a file with the key that signs bundles, and writes its sigstoreBundle. */
export async function signFile(run: CommandRun): Promise<Outcome> {
  const path = resolve(run.host.cwd, argument(run, 0));
  const place = resolve(run.host.cwd, textOption(run, 'bundle') ?? `${argument(run, 0)}.sigstore.json`);
  const content = await readSigned(path);
  const bundle = await withCenter(run, (center) => center.signFile(content));
  await writeFile(place, bundle);
  const digest = digestOf(content);
  const text = formatPairs([
    ['file', path],
    ['digest', digest],
    ['bundle', place],
  ]);
  return { json: { file: path, digest, bundle: place }, text };
}

async function readSigned(path: string): Promise<Buffer> {
  try {
    checkFileSize((await stat(path)).size);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof ExportError) throw cause;
    throw new ExportError('NOT_FOUND', `${path} cannot be read`, { cause });
  }
}
