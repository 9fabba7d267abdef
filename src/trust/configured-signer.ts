// Which key signs beside those in the folder, as the environment says: a secret (EXPORT_CENTER_SIGNING_KEY), or a signer
// elsewhere (EXPORT_CENTER_SIGNER: exec:PROGRAM … or a URL), whose public half is EXPORT_CENTER_SIGNER_PUBLIC_KEY.

import { readFile } from 'node:fs/promises';
import { ExportError } from '../core/errors.ts';
import { commandTransport } from './command-signer.ts';
import { environmentKey, type Environment } from './environment-key.ts';
import { httpTransport, type Post } from './http-signer.ts';
import { parsePublicKey, type PublicKey } from './public-key.ts';
import { remoteSigner, type SignerInput } from './remote-signer.ts';
import { signerOf } from './signing-key.ts';
import type { Signer } from './types.ts';

const defaultTimeoutSeconds = 30;

/** Undefined when nothing is set. What is set but unusable is an error, never skipped. */
export async function configuredSigner(env: Environment, post: Post): Promise<Signer | undefined> {
  const place = env['EXPORT_CENTER_SIGNER'] ?? '';
  const key = await environmentKey(env);
  if (key && place !== '') {
    throw new ExportError('USAGE', 'EXPORT_CENTER_SIGNING_KEY and EXPORT_CENTER_SIGNER exclude each other', {
      hint: 'unset the one that is not to sign',
    });
  }
  if (place === '') return key && signerOf(key);
  const publicKey = await readPublicKey(env['EXPORT_CENTER_SIGNER_PUBLIC_KEY'] ?? '');
  const input = readInput(env['EXPORT_CENTER_SIGNER_INPUT'] || 'digest');
  const timeoutMs = readSeconds(env['EXPORT_CENTER_SIGNER_TIMEOUT'] || String(defaultTimeoutSeconds)) * 1_000;
  const token = env['EXPORT_CENTER_SIGNER_TOKEN'] || undefined;
  const { algorithm } = publicKey;
  const transport = place.startsWith('exec:')
    ? commandTransport(place.slice('exec:'.length), env)
    : httpTransport(place, { algorithm, input, token, post });
  return remoteSigner(transport, { publicKey, input, timeoutMs });
}

async function readPublicKey(value: string): Promise<PublicKey> {
  if (value.includes('-----BEGIN')) return parsePublicKey(value);
  const text = value === '' ? undefined : await readFile(value, 'utf8').catch(() => undefined);
  if (text !== undefined) return parsePublicKey(text);
  throw new ExportError('USAGE', 'EXPORT_CENTER_SIGNER_PUBLIC_KEY is neither PEM text nor a file that can be read', {
    hint: 'what an external signer signs is checked with its public key before it is used',
  });
}

function readInput(value: string): SignerInput {
  if (value === 'digest' || value === 'data') return value;
  throw new ExportError('USAGE', 'EXPORT_CENTER_SIGNER_INPUT is neither digest nor data');
}

function readSeconds(value: string): number {
  const seconds = Number(value);
  if (seconds > 0 && seconds <= 600) return seconds;
  throw new ExportError('USAGE', 'EXPORT_CENTER_SIGNER_TIMEOUT is no number of seconds up to 600');
}
