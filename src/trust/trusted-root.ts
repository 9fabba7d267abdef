// The trust of an installation as cosign takes it: `trusted_root.json` (sigstore protobuf-specs, TrustedRoot v0.1) and
// `signing_config.v0.2.json` (SigningConfig v0.2). Both are functions of what they are given, so that every machine
// publishes the same bytes. Private Sigstore services and the public ones stand side by side in one file.

import { X509Certificate } from 'node:crypto';
import { canonicalJson, type Json } from '../core/canonical-json.ts';
import { sha256 } from '../core/digest.ts';
import { ExportError, toExportError } from '../core/errors.ts';
import { asObject, parseJsonObject, type JsonObject } from './envelope.ts';
import { parsePublicKey } from './public-key.ts';

export const trustedRootMediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';

/** Any version: what we read of it has not changed since the first. */
const trustedRootTypes = /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.\d|\.v0\.\d\+json)$/;

const kinds = ['tlogs', 'certificateAuthorities', 'ctlogs', 'timestampAuthorities'] as const;

/** Services that signatures may rest on, in protobuf's JSON form. */
export type TrustedServices = { readonly [Kind in (typeof kinds)[number]]?: readonly Json[] };

/** From when on something is trusted, and until when; RFC 3339. */
export type Validity = { readonly start: string; readonly end?: string };

export function trustedRootJson(services: TrustedServices = {}): string {
  const lists = kinds.map((kind) => [kind, services[kind] ?? []] as const).filter(([, list]) => list.length > 0);
  return canonicalJson({ mediaType: trustedRootMediaType, ...(Object.fromEntries(lists) as JsonObject) });
}

/** A transparency log whose key is ECDSA P-256. */
export function trustedLogJson(publicKeyPem: string, validFor: Validity, url: string): JsonObject {
  const der = parsePublicKey(publicKeyPem).key.export({ type: 'spki', format: 'der' });
  return {
    baseUrl: url,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: der.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: { ...validFor } },
    logId: { keyId: sha256(der).toString('base64') },
  };
}

/**
 * A certificate or timestamp authority by its chain in PEM, leaf first for timestamp authorities. Throws INPUT_INVALID
 * for text that is no chain of certificates.
 */
export function trustedAuthorityJson(chainPem: string, validFor: Validity, url: string): JsonObject {
  const certificates = certificatesOf(chainPem);
  const { O: organization, CN: commonName } = certificates.at(-1)?.toLegacyObject().subject ?? {};
  return {
    subject: { organization: first(organization), commonName: first(commonName) },
    uri: url,
    certChain: { certificates: certificates.map(({ raw }) => ({ rawBytes: raw.toString('base64') })) },
    validFor: { ...validFor },
  };
}

/**
 * The services of a trusted root that an operator gives (bytes of a file, such as the public one that a TUF client
 * verified). Throws INPUT_INVALID when it is none; `name` says which file.
 */
export function trustedServices(bytes: Uint8Array, name: string): TrustedServices {
  try {
    const root = parseJsonObject(bytes, 'it');
    const { mediaType } = root;
    if (typeof mediaType !== 'string' || !trustedRootTypes.test(mediaType))
      throw new Error('its media type is another');
    return Object.fromEntries(kinds.map((kind) => [kind, listOf(root[kind], kind)]));
  } catch (thrown) {
    throw new ExportError('INPUT_INVALID', `${name} is not a Sigstore trusted root: ${toExportError(thrown).message}`, {
      hint: 'give the file trusted_root.json that cosign initialize keeps',
      cause: thrown,
    });
  }
}

/** Services side by side, in the order given; what is there twice is kept once. */
export function mergeServices(...parts: readonly TrustedServices[]): TrustedServices {
  return Object.fromEntries(
    kinds.map((kind) => {
      const all = parts.flatMap((part) => part[kind] ?? []);
      return [kind, [...new Map(all.map((item) => [canonicalJson(item), item])).values()]];
    }),
  );
}

/** What cosign signs with by default: the timestamp authorities at these URLs, and no log, since ours takes no uploads. */
export function signingConfigJson(timestampAuthorities: readonly (Validity & { readonly url: string })[] = []): string {
  const tsaUrls = timestampAuthorities.map(({ url, ...validFor }) => ({
    url,
    majorApiVersion: 1,
    validFor: { ...validFor },
    operator: new URL(url).host,
  }));
  return canonicalJson({
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    rekorTlogConfig: {},
    tsaConfig: tsaUrls.length > 0 ? { selector: 'ANY' } : {},
    ...(tsaUrls.length > 0 ? { tsaUrls } : {}),
  });
}

/** The certificates of a PEM text in their order; throws INPUT_INVALID when there are none. */
export function certificatesOf(chainPem: string): X509Certificate[] {
  const blocks = chainPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {
    // Told below.
  }
  throw new ExportError('INPUT_INVALID', 'the chain of an authority is not a list of certificates in PEM');
}

function listOf(value: unknown, kind: string): Json[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`${kind} is not a list`);
  return value.map((item) => asObject(item, `a member of ${kind}`) as JsonObject);
}

function first(names: string | string[] | undefined): string {
  return (Array.isArray(names) ? names[0] : names) ?? '';
}
