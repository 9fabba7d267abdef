// A kit: one folder for the far side of a gap, with the TUF repository in `tuf` (as `tuf kit` writes it) and beside it an
// OCI image layout for each artifact, named like the publisher's repository.

import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ExportError } from '../core/errors.ts';
import { compareUtf8 } from '../core/order.ts';
import { isFolder, isLayout } from '../registry/layout/layout-reference.ts';

export type Kit = {
  /** Folder of the TUF repository. */
  readonly tuf: string;
  /** The artifacts' folders by name, sorted. */
  readonly artifacts: readonly { readonly name: string; readonly dir: string }[];
};

const tufFolder = 'tuf';

/** Undefined for what is no kit. Throws NOT_FOUND for one without an artifact. */
export async function openKit(text: string): Promise<Kit | undefined> {
  const dir = resolve(text);
  const tuf = join(dir, tufFolder);
  if (!(await isFolder(tuf)) || (await isLayout(dir))) return undefined;
  const names = (await readdir(dir)).filter((name) => name !== tufFolder).sort(compareUtf8);
  const artifacts: { name: string; dir: string }[] = [];
  for (const name of names) if (await isLayout(join(dir, name))) artifacts.push({ name, dir: join(dir, name) });
  if (artifacts.length > 0) return { tuf, artifacts };
  throw new ExportError('NOT_FOUND', `the kit ${dir} holds no artifact`, {
    hint: 'pull each into a folder beside tuf that is named like its repository, such as mirror',
  });
}
