// tuf kit | renew: a repository that goes across a gap, and the far side's word that it is still looked after.

import { resolve } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import { renewKit, writeKit } from '../../consumer/kit-folder.ts';
import { kitStride } from '../../runs/tuf/place.ts';
import { tufSigner } from '../../trust/tuf/keys.ts';
import { argument, textOption, type CommandRun, type Outcome } from '../command.ts';
import { readTextFile } from '../settings.ts';
import { withCenter } from '../with-center.ts';

const dayMs = 86_400_000;

export async function tufKit(run: CommandRun): Promise<Outcome> {
  const dir = resolve(run.host.cwd, argument(run, 0));
  const { publication, expires, files } = await withCenter(run, ({ tuf }) => tuf.kit(run.settings.tenant));
  await writeKit(dir, files);
  const text = `wrote ${files.length} files to ${dir}; the timestamp is good until ${expires}\n`;
  return { json: { dir, publication, expires, files: files.length }, text };
}

export async function tufRenew(run: CommandRun): Promise<Outcome> {
  const { cwd, clock } = run.host;
  const days = Number(textOption(run, 'days'));
  if (!Number.isInteger(days) || days < 1 || days > 365) {
    throw new ExportError('USAGE', '--days takes a number from 1 to 365');
  }
  const dir = resolve(cwd, argument(run, 0));
  const signer = tufSigner(await readTextFile(resolve(cwd, argument(run, 1))));
  const renewed = await renewKit(dir, { signer, now: clock.now(), validMs: days * dayMs, stride: kitStride });
  const { version, expires } = renewed;
  return { json: { dir, version, expires }, text: `the timestamp is good until ${expires}\n` };
}
