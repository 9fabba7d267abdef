// keys generate | import | activate | retire | list | public | show.

import { resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { ExportError } from '../../core/errors.ts';
import type { KeyRotation, KeySummary } from '../../runs/center.ts';
import { admissionControllers, admissionSettings, type AdmissionController } from '../../trust/admission-settings.ts';
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

/** One key; with --as what an admission controller needs to know of all keys that sign. */
export async function keysShow(run: CommandRun): Promise<Outcome> {
  const controller = textOption(run, 'as');
  const images = textOption(run, 'images');
  if (controller === undefined) return outcome(keyNamed(await withCenter(run, (center) => center.keys()), run.args[0]));
  if (!isController(controller)) {
    throw new ExportError('USAGE', `--as takes ${admissionControllers.join(' or ')}, not ${controller}`);
  }
  if (images === undefined) {
    throw new ExportError('USAGE', '--as needs --images', { hint: 'such as --images "exports.example/default/*"' });
  }
  const [keys, files] = await withCenter(run, (center) => Promise.all([center.keys(), center.trustFiles()]));
  const publicKeys = keys.filter((key) => roleOf(key) !== '').map((key) => key.publicKey);
  const logKey = files['rekor.pub'];
  const facts = { images, publicKeys, ...(logKey === undefined ? {} : { logKey }) };
  const settings = admissionSettings(controller, facts);
  return { json: { controller, settings }, text: settings };
}

function isController(name: string): name is AdmissionController {
  return (admissionControllers as readonly string[]).includes(name);
}

/** The PEM text alone, as `cosign verify --key` takes it. */
export async function keysPublic(run: CommandRun): Promise<Outcome> {
  const keys = await withCenter(run, (center) => center.keys());
  const { id, algorithm, publicKey } = keyNamed(keys, run.args[0]);
  return { json: { id, algorithm, publicKey }, text: publicKey.endsWith('\n') ? publicKey : `${publicKey}\n` };
}

/** The key of an id, or the one that signs. */
function keyNamed(keys: readonly KeySummary[], wanted: string | undefined): KeySummary {
  const found = keys.find((key) => (wanted === undefined ? key.active : key.id === wanted));
  if (found) return found;
  throw new ExportError(
    'NOT_FOUND',
    wanted === undefined ? 'there is no signing key yet' : `there is no key ${wanted}`,
    { hint: 'run export-center keys generate; the first run makes one too' },
  );
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
