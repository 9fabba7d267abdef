// tuf new-key | add-key | remove-key | sign: work on files alone, on any machine.

import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { createPublicKey } from 'node:crypto';
import { ExportError } from '../../core/errors.ts';
import { replaceFile } from '../../trust/durable-file.ts';
import { changeRole, formatDraft, parseDraft, signDraft, type Draft, type RoleChange } from '../../trust/tuf/draft.ts';
import { generateTufKey, tufKeyFromPem, tufSigner } from '../../trust/tuf/keys.ts';
import type { RoleKeys } from '../../trust/tuf/types.ts';
import { argument, textOption, type CommandRun, type Outcome } from '../command.ts';
import { formatPairs } from '../format.ts';
import { readTextFile } from '../settings.ts';

export async function tufNewKey(run: CommandRun): Promise<Outcome> {
  const file = resolve(run.host.cwd, argument(run, 0));
  const pem = generateTufKey();
  const { keyId } = tufSigner(pem);
  try {
    await writeFile(file, pem, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    const isThere = (await readFile(file).catch(() => undefined)) !== undefined;
    throw new ExportError(
      isThere ? 'CONFLICT' : 'NOT_FOUND',
      `${file} ${isThere ? 'is there already' : 'cannot be written'}`,
      { cause },
    );
  }
  const publicFile = `${file}.pub`;
  await writeFile(publicFile, createPublicKey(pem).export({ type: 'spki', format: 'pem' }));
  const text = formatPairs([
    ['key', keyId],
    ['private', file],
    ['public', publicFile],
  ]);
  return { json: { id: keyId, file, publicFile }, text };
}

export async function tufAddKey(run: CommandRun): Promise<Outcome> {
  const pem = await readTextFile(resolve(run.host.cwd, argument(run, 2)));
  if (/PRIVATE KEY/.test(pem)) {
    throw new ExportError('USAGE', 'that is a private key', {
      hint: 'give the public half; the private one stays where it is',
    });
  }
  return change(run, { add: tufKeyFromPem(pem) });
}

export function tufRemoveKey(run: CommandRun): Promise<Outcome> {
  return change(run, { remove: argument(run, 2) });
}

export async function tufSign(run: CommandRun): Promise<Outcome> {
  const { file, draft } = await readDraftFile(run);
  const signer = tufSigner(await readTextFile(resolve(run.host.cwd, argument(run, 1))));
  return writeDraft(file, await signDraft(draft, signer));
}

async function change(run: CommandRun, given: RoleChange): Promise<Outcome> {
  const { file, draft } = await readDraftFile(run);
  const threshold = textOption(run, 'threshold');
  if (threshold !== undefined && !/^[1-9]\d?$/.test(threshold)) {
    throw new ExportError('USAGE', `--threshold takes a number from 1 on, not ${threshold}`);
  }
  const asked = threshold === undefined ? given : { ...given, threshold: Number(threshold) };
  return writeDraft(file, changeRole(draft, argument(run, 1), asked));
}

async function readDraftFile(run: CommandRun): Promise<{ file: string; draft: Draft }> {
  const file = resolve(run.host.cwd, argument(run, 0));
  return { file, draft: parseDraft(await readTextFile(file)) };
}

async function writeDraft(file: string, draft: Draft): Promise<Outcome> {
  await replaceFile(dirname(file), basename(file), formatDraft(draft), 0o644);
  return { json: draft, text: describeDraft(draft) };
}

/** What people have to see before they sign, and after. */
function describeDraft({ signed, signatures }: Draft): string {
  const roles: readonly (readonly [string, RoleKeys])[] =
    signed._type === 'root'
      ? Object.entries(signed.roles)
      : (signed.delegations?.roles ?? []).map((role) => [role.name, role] as const);
  const keys = roles.map(([name, { keyids, threshold }]): [string, string] => [
    name,
    `${threshold} of ${keyids.map((id) => id.slice(0, 16)).join(', ')}`,
  ]);
  const targets = signed._type === 'targets' ? Object.entries(signed.targets) : [];
  return formatPairs([
    ['draft', `${signed._type}, version ${signed.version}`],
    ['expires', signed.expires],
    ...keys,
    ...targets.map(([path, { hashes }]): [string, string] => [path, `sha256 ${hashes.sha256}`]),
    ['signed by', signatures.map(({ keyid }) => keyid.slice(0, 16)).join(', ') || 'nobody'],
  ]);
}
