// Which timestamp authority an installation asks: EXPORT_CENTER_TIMESTAMP_AUTHORITY has its URL, and
// EXPORT_CENTER_TIMESTAMP_CHAIN the file with its chain in PEM, which consumers get in the trusted root.

import type { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { JsonObject } from '../envelope.ts';
import { formatSeconds } from '../../core/clock.ts';
import { ExportError } from '../../core/errors.ts';
import type { Environment } from '../environment-key.ts';
import { certificatesOf, trustedAuthorityJson } from '../trusted-root.ts';

export type TimestampSettings = {
  readonly url: URL;
  /** RFC 3339: since when its certificate is good. */
  readonly start: string;
  /** As the trusted root has it. */
  readonly authority: JsonObject;
};

/** id-kp-timeStamping (RFC 3161 §2.3). */
const timestamping = '1.3.6.1.5.5.7.3.8';

/** Undefined when none is set; throws USAGE or INPUT_INVALID for settings that cannot be used. */
export async function timestampSettings(env: Environment): Promise<TimestampSettings | undefined> {
  const address = env['EXPORT_CENTER_TIMESTAMP_AUTHORITY'] ?? '';
  if (address === '') return undefined;
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '') {
    throw new ExportError('USAGE', 'EXPORT_CENTER_TIMESTAMP_AUTHORITY is no http(s) URL without credentials');
  }
  const path = env['EXPORT_CENTER_TIMESTAMP_CHAIN'] ?? '';
  const chain = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ExportError('USAGE', 'EXPORT_CENTER_TIMESTAMP_CHAIN is no file that can be read', {
      hint: "give the chain of the authority's certificate in PEM, that one first: consumers verify with it",
      cause,
    });
  });
  const start = formatSeconds(startOf(certificatesOf(chain)));
  return { url, start, authority: trustedAuthorityJson(chain, { start }, url.origin) };
}

/** Since when the leaf is good; INPUT_INVALID unless it is one for timestamps and each is issued by the next. */
function startOf(chain: readonly X509Certificate[]): Date {
  const [leaf] = chain;
  const linked = chain.every((each, at) => {
    const issuer = chain[at + 1];
    return issuer === undefined || (each.checkIssued(issuer) && each.verify(issuer.publicKey));
  });
  // Undefined for a certificate without extended key usages, whatever its type says.
  const usages: string[] | undefined = leaf?.keyUsage;
  if (leaf && usages?.includes(timestamping) && linked) return new Date(leaf.validFrom);
  throw new ExportError(
    'INPUT_INVALID',
    'EXPORT_CENTER_TIMESTAMP_CHAIN is not the chain of a certificate for timestamps',
    {
      hint: 'the certificate that signs timestamps comes first, then who issued it, the root last',
    },
  );
}
