// keys generate | import | list | public.

import { resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { ExportError } from '../../core/errors.ts';
import type { KeySummary } from '../../runs/center.ts';
import type { CommandRun, Outcome } from '../command.ts';
import { formatPairs, formatTable } from '../format.ts';
import { askSecret } from '../ask-secret.ts';
import { readTextFile } from '../settings.ts';
import { withCenter } from '../with-center.ts';

export async function keysGenerate(run: CommandRun): Promise<Outcome> {
  return outcome(await withCenter(run, (center) => center.generateKey()));
}

/** The key from a file or stdin; its password from the environment or, on a terminal, asked for. */
export async function keysImport(run: CommandRun): Promise<Outcome> {
  const { host } = run;
  const [file = '-'] = run.args;
  const text = file === '-' ? await textOf(host.stdin) : await readTextFile(resolve(host.cwd, file));
  const given = host.env['EXPORT_CENTER_KEY_PASSWORD'] ?? host.env['COSIGN_PASSWORD'];
  const encrypted = /BEGIN ENCRYPTED /.test(text);
  const password = given ?? (encrypted && file !== '-' ? await askSecret(host, 'password of the key: ') : undefined);
  return outcome(await withCenter(run, (center) => center.importKey(text, password)));
}

export async function keysList(run: CommandRun): Promise<Outcome> {
  const keys = await withCenter(run, (center) => center.keys());
  const columns = [{ title: 'KEY' }, { title: 'ALGORITHM' }, { title: 'SIGNS' }];
  const rows = keys.map(({ id, algorithm, active }) => [id, algorithm, active ? 'yes' : '']);
  return { json: { keys }, text: formatTable(columns, rows, 'there are no keys yet') };
}

/** The PEM text alone, as `cosign verify --key` takes it. */
export async function keysPublic(run: CommandRun): Promise<Outcome> {
  const keys = await withCenter(run, (center) => center.keys());
  const active = keys.find((key) => key.active);
  if (active === undefined) {
    throw new ExportError('NOT_FOUND', 'there is no signing key yet', {
      hint: 'run export-center keys generate; the first run makes one too',
    });
  }
  const { id, algorithm, publicKey } = active;
  return { json: { id, algorithm, publicKey }, text: publicKey.endsWith('\n') ? publicKey : `${publicKey}\n` };
}

function outcome(key: KeySummary): Outcome {
  const text = formatPairs([
    ['key', key.id],
    ['algorithm', key.algorithm],
    ['signs', key.active ? 'yes' : 'no'],
  ]);
  return { json: key, text: `${text}${key.publicKey}` };
}
