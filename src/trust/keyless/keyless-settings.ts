// Whether an installation signs as somebody besides with its keys: EXPORT_CENTER_FULCIO has the URL of the authority that
// turns identity tokens into certificates, EXPORT_CENTER_IDENTITY and EXPORT_CENTER_IDENTITY_ISSUER say who signs (what
// consumers give cosign as --certificate-identity and --certificate-oidc-issuer), and the token is in
// EXPORT_CENTER_IDENTITY_TOKEN, or in the file EXPORT_CENTER_IDENTITY_TOKEN_FILE, which is read again for each certificate.

import { readFile } from 'node:fs/promises';
import { ExportError } from '../../core/errors.ts';
import type { Environment } from '../environment-key.ts';
import { serviceUrl } from '../http-signer.ts';

/** Who signed: the certificate's subject alternative name, and who vouched for it. */
export type Identity = { readonly name: string; readonly issuer: string };

export type KeylessSettings = {
  readonly fulcio: URL;
  readonly identity: Identity;
  /** An identity token (a JWT) as it is now. */
  readonly token: () => Promise<string>;
};

/** Undefined when no authority is set; throws USAGE for settings that cannot be used. */
export function keylessSettings(env: Environment): KeylessSettings | undefined {
  const address = env['EXPORT_CENTER_FULCIO'] ?? '';
  if (address === '') return undefined;
  const fulcio = serviceUrl(address, 'EXPORT_CENTER_FULCIO');
  const name = env['EXPORT_CENTER_IDENTITY'] ?? '';
  const issuer = env['EXPORT_CENTER_IDENTITY_ISSUER'] ?? '';
  const text = env['EXPORT_CENTER_IDENTITY_TOKEN'] ?? '';
  const file = env['EXPORT_CENTER_IDENTITY_TOKEN_FILE'] ?? '';
  if (name === '' || issuer === '') {
    throw new ExportError(
      'USAGE',
      'EXPORT_CENTER_FULCIO needs EXPORT_CENTER_IDENTITY and EXPORT_CENTER_IDENTITY_ISSUER',
      {
        hint: 'they say whose certificates count: an address or URI, and the URL of the issuer of its tokens',
      },
    );
  }
  if ((text === '') === (file === '')) {
    throw new ExportError(
      'USAGE',
      'EXPORT_CENTER_FULCIO needs one of EXPORT_CENTER_IDENTITY_TOKEN and EXPORT_CENTER_IDENTITY_TOKEN_FILE',
      { hint: 'tokens live for minutes: a service is given the file that its platform renews' },
    );
  }
  return { fulcio, identity: { name, issuer }, token: () => (text === '' ? readToken(file) : Promise.resolve(text)) };
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new ExportError('INPUT_INVALID', 'EXPORT_CENTER_IDENTITY_TOKEN_FILE names no file that can be read', {
      cause,
    });
  }
}
