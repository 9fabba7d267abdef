// Where each TUF repository lives. Names: a tenant's own name; `trust` for the public one, which is no tenant's name;
// `<tenant>/kit` for what travels across a gap.

import { join } from 'node:path';
import { tenantNameFault } from '../../access/tenant-name.ts';
import { ExportError } from '../../core/errors.ts';
import type { RepositoryKind } from './role-settings.ts';

export const trustRepository = 'trust';

export type TufPlace = {
  /** As commands and addresses name it. */
  readonly name: string;
  readonly kind: RepositoryKind;
  /** Of the content: the part in front of a target's own repository. */
  readonly tenant: string;
  /** The OCI repository that holds it. */
  readonly ociName: string;
  /** Below the data folder: keys, and the first root that clients start from. */
  readonly keyDir: string;
  readonly rootDir: string;
  /** Timestamps count in steps: those of a kit leave room for renewals on the far side. */
  readonly stride: number;
};

/** Renewals that the far side of a gap can make until the next kit. */
export const kitStride = 1_000;

/** Throws USAGE for a name that cannot be one. */
export function tufPlace(name: string, dataDir: string): TufPlace {
  const folder = join(dataDir, 'tuf', ...name.split('/'));
  const keyDir = join(folder, 'keys');
  if (name === trustRepository) {
    const rootDir = join(dataDir, 'trust');
    return { name, kind: 'trust', tenant: name, ociName: 'trust/tuf', keyDir, rootDir, stride: 1 };
  }
  const [tenant = '', ...rest] = name.split('/');
  const fault = tenantNameFault(tenant);
  const isKit = rest.length === 1 && rest[0] === 'kit';
  if (fault !== undefined || (rest.length > 0 && !isKit)) {
    throw new ExportError('USAGE', fault ?? `not a TUF repository: ${name}`, {
      hint: "write trust, a tenant's name, or TENANT/kit",
    });
  }
  if (isKit) {
    return { name, kind: 'kit', tenant, ociName: `${tenant}/tuf-kit`, keyDir, rootDir: folder, stride: kitStride };
  }
  return { name, kind: 'tenant', tenant, ociName: `${tenant}/tuf`, keyDir, rootDir: folder, stride: 1 };
}

export function kitOf(tenant: string): string {
  return `${tenant}/kit`;
}
