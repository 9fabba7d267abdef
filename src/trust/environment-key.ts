// A signing key that the operator hands over in the environment, for machines whose secrets are not files of ours.
// EXPORT_CENTER_SIGNING_KEY is PEM text or the path of a file with it; its password is EXPORT_CENTER_KEY_PASSWORD,
// or COSIGN_PASSWORD, the name that cosign users have set already.

import { readFile } from 'node:fs/promises';
import { ExportError } from '../core/errors.ts';
import { importSigningKey, type SigningKey } from './signing-key.ts';

export type Environment = { readonly [name: string]: string | undefined };

/** The password for imported keys; '' when none is set. */
export function signingPassword(env: Environment): string {
  return env['EXPORT_CENTER_KEY_PASSWORD'] ?? env['COSIGN_PASSWORD'] ?? '';
}

/** The key of the environment, undefined when none is set. A key that is set but unusable is an error, never skipped. */
export async function environmentKey(env: Environment): Promise<SigningKey | undefined> {
  const value = env['EXPORT_CENTER_SIGNING_KEY'];
  if (value === undefined || value === '') return undefined;
  return importSigningKey(value.includes('-----BEGIN') ? value : await readKeyFile(value), signingPassword(env));
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // The value may be a mangled key instead of a path, so it is not repeated.
    throw new ExportError('INPUT_INVALID', 'EXPORT_CENTER_SIGNING_KEY is neither PEM text nor a file that can be read');
  }
}
