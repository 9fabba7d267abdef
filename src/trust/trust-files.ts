// The files that consumers configure cosign with: targets of the trust repository, and the same below DIR/trust/ for
// those who carry files. One content for all.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, replaceFile } from './durable-file.ts';
import { signingConfigJson, trustedRootJson, type TrustedServices, type Validity } from './trusted-root.ts';

export type TrustFiles = {
  /** For `cosign … --trusted-root`. */
  readonly 'trusted_root.json': string;
  /** What `cosign sign` of somebody who trusts us uses. */
  readonly 'signing_config.v0.2.json': string;
  /** The key of the own log in PEM, by the name that cosign 2 knows; absent without a log. */
  readonly 'rekor.pub'?: string;
};

export type TrustFacts = {
  readonly services: TrustedServices;
  /** PEM of the key of the log that is written to. */
  readonly logKey?: string;
  /** Authorities that others should ask, too. */
  readonly timestampAuthorities?: readonly (Validity & { readonly url: string })[];
};

export function trustFiles({ services, logKey, timestampAuthorities = [] }: TrustFacts): TrustFiles {
  return {
    'trusted_root.json': `${trustedRootJson(services)}\n`,
    'signing_config.v0.2.json': `${signingConfigJson(timestampAuthorities)}\n`,
    ...(logKey === undefined ? {} : { 'rekor.pub': logKey }),
  };
}

/** Writes the files below the data folder where they differ; returns the path of the trusted root. */
export async function writeTrustFiles(dataDir: string, files: TrustFiles): Promise<string> {
  const dir = join(dataDir, 'trust');
  await mkdir(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    if ((await readIfThere(join(dir, name))) !== text) await replaceFile(dir, name, text, 0o644);
  }
  return join(dir, 'trusted_root.json');
}
