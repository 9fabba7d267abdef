// DIR/trust/trusted_root.json: what cosign takes as `--trusted-root` (sigstore protobuf-specs, TrustedRoot v0.1). It
// names no service yet: with `--key` the file only keeps cosign 2.6 from asking the public Sigstore for one.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, type Json } from '../core/canonical-json.ts';
import { readIfThere, replaceFile } from './durable-file.ts';

const fileName = 'trusted_root.json';

export const trustedRootMediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';

/** Services that the file may name later, in protobuf's JSON form. */
export type TrustedServices = { readonly tlogs?: Json[]; readonly timestampAuthorities?: Json[] };

export function trustedRootJson(services: TrustedServices = {}): string {
  return canonicalJson({ mediaType: trustedRootMediaType, ...services });
}

/** Writes the file below the data folder, only when it differs, and returns its path. */
export async function writeTrustedRoot(dataDir: string, services: TrustedServices = {}): Promise<string> {
  const dir = join(dataDir, 'trust');
  const path = join(dir, fileName);
  const text = `${trustedRootJson(services)}\n`;
  if ((await readIfThere(path)) === text) return path;
  await mkdir(dir, { recursive: true });
  await replaceFile(dir, fileName, text, 0o644);
  return path;
}
