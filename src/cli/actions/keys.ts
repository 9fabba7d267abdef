// keys generate | import | activate | retire | list | public.

import { resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { ExportError } from '../../core/errors.ts';
import type { KeyRotation, KeySummary } from '../../runs/center.ts';
import { argument, flagOption, textOption, type CommandRun, type Outcome } from '../command.ts';
import { formatPairs, formatTable } from '../format.ts';
import { askSecret } from '../ask-secret.ts';
import { readTextFile } from '../settings.ts';
import { withCenter } from '../with-center.ts';

export async function keysGenerate(run: CommandRun): Promise<Outcome> {
  return outcome(await withCenter(run, (center) => center.generateKey(rotation(run))));
}

/** The key from a file or stdin; its password from the environment or, on a terminal, asked for. */
export async function keysImport(run: CommandRun): Promise<Outcome> {
  const { host } = run;
  const [file = '-'] = run.args;
  const text = file === '-' ? await textOf(host.stdin) : await readTextFile(resolve(host.cwd, file));
  const given = host.env['EXPORT_CENTER_KEY_PASSWORD'] ?? host.env['COSIGN_PASSWORD'];
  const encrypted = /BEGIN ENCRYPTED /.test(text);
  const password = given ?? (encrypted && file !== '-' ? await askSecret(host, 'password of the key: ') : undefined);
  return outcome(await withCenter(run, (center) => center.importKey(text, password, rotation(run))));
}

export async function keysActivate(run: CommandRun): Promise<Outcome> {
  const role = { ...rotation(run), ...(flagOption(run, 'coSign') ? { coSign: true } : {}) };
  return outcome(await withCenter(run, (center) => center.activateKey(argument(run, 0), role)));
}

export async function keysRetire(run: CommandRun): Promise<Outcome> {
  return outcome(await withCenter(run, (center) => center.retireKey(argument(run, 0))));
}

export async function keysList(run: CommandRun): Promise<Outcome> {
  const keys = await withCenter(run, (center) => center.keys());
  const columns = [{ title: 'KEY' }, { title: 'ALGORITHM' }, { title: 'SIGNS' }];
  const rows = keys.map((key) => [key.id, key.algorithm, roleOf(key)]);
  return { json: { keys }, text: formatTable(columns, rows, 'there are no keys yet') };
}

/** The PEM text alone, as `cosign verify --key` takes it. */
export async function keysPublic(run: CommandRun): Promise<Outcome> {
  const keys = await withCenter(run, (center) => center.keys());
  const [wanted] = run.args;
  const found = keys.find((key) => (wanted === undefined ? key.active : key.id === wanted));
  if (found === undefined) {
    throw new ExportError(
      'NOT_FOUND',
      wanted === undefined ? 'there is no signing key yet' : `there is no key ${wanted}`,
      {
        hint: 'run export-center keys generate; the first run makes one too',
      },
    );
  }
  const { id, algorithm, publicKey } = found;
  return { json: { id, algorithm, publicKey }, text: publicKey.endsWith('\n') ? publicKey : `${publicKey}\n` };
}

function rotation(run: CommandRun): KeyRotation {
  const overlap = textOption(run, 'overlap');
  return overlap === undefined ? {} : { overlap };
}

function roleOf({ active, coSignsUntil }: KeySummary): string {
  if (active) return 'yes';
  if (coSignsUntil === undefined) return '';
  return coSignsUntil === 'retired' ? 'too, until it is retired' : `too, until ${coSignsUntil}`;
}

function outcome(key: KeySummary): Outcome {
  const text = formatPairs([
    ['key', key.id],
    ['algorithm', key.algorithm],
    ['signs', roleOf(key) || 'no'],
  ]);
  return { json: key, text: `${text}${key.publicKey}` };
}
