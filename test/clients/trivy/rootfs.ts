// The systems of the fixtures as root file systems: what says which system it is, and the database of its package manager.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { System } from './system.ts';

type Installed = { readonly name: string; readonly version: string; readonly purl: string };
type Document = { readonly components: readonly [{ name: string; version: string }, ...Installed[]] };

/** By the name in the SBOM, where `ID` in os-release is another. */
const identifiers: { readonly [name: string]: string } = {
  alma: 'almalinux',
  redhat: 'rhel',
  'cbl-mariner': 'mariner',
};

/** Whose packages are the distribution's own, as Trivy knows them; strangers' it leaves alone. */
const vendors: { readonly [name: string]: string } = {
  alma: 'AlmaLinux',
  rocky: 'Rocky Enterprise Software Foundation',
  'opensuse-leap': 'openSUSE',
  photon: 'VMware, Inc.',
  azurelinux: 'Microsoft Corporation',
  redhat: 'Red Hat, Inc.',
  'cbl-mariner': 'Microsoft Corporation',
  sles: 'SUSE LLC <https://www.suse.com/>',
};

/** Writes the system below `folder`. */
export async function writeRootfs(folder: string, { sbom }: System): Promise<void> {
  const [system, ...packages] = (sbom as unknown as Document).components;
  await write(folder, ...identity(system));
  const kind = /^pkg:(\w+)/.exec(packages[0]?.purl ?? '')?.[1];
  if (kind === 'deb') return write(folder, 'var/lib/dpkg/status', packages.map(dpkgEntry).join('\n'));
  if (kind === 'apk') return write(folder, 'lib/apk/db/installed', packages.map(apkEntry).join('\n'));
  await mkdir(join(folder, 'var/lib/rpm'), { recursive: true });
  return writeRpmDatabase(join(folder, 'var/lib/rpm/rpmdb.sqlite'), packages, vendors[system.name] ?? '');
}

function identity({ name, version }: { readonly name: string; readonly version: string }): [string, string] {
  if (name === 'debian') return ['etc/debian_version', `${version}\n`];
  if (name === 'ubuntu') return ['etc/lsb-release', `DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=${version}\n`];
  return ['etc/os-release', `NAME="${name}"\nID="${identifiers[name] ?? name}"\nVERSION_ID="${version}"\n`];
}

const dpkgEntry = ({ name, version }: Installed): string =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\nDescription: ${name}\n`;

const apkEntry = ({ name, version }: Installed): string => `P:${name}\nV:${version}\nA:x86_64\no:${name}\n`;

function writeRpmDatabase(path: string, packages: readonly Installed[], vendor: string): void {
  const db = new DatabaseSync(path);
  db.exec('create table Packages (hnum integer primary key autoincrement, blob blob not null)');
  const insert = db.prepare('insert into Packages (blob) values (?)');
  for (const installed of packages) insert.run(rpmHeader(installed, vendor));
  db.close();
}

/** A header of the third version: its index, sorted by tag, then the data (rpm's docs/manual/format_header.md). */
function rpmHeader({ name, version }: Installed, vendor: string): Buffer {
  const [, epoch, upstream = '', release = ''] = /^(?:(\d+):)?(.*)-([^-]*)$/.exec(version) ?? [];
  const number = Buffer.alloc(4);
  number.writeUInt32BE(Number(epoch ?? 0));
  const [int32, string] = [4, 6];
  const text = (value: string): Buffer => Buffer.from(`${value}\0`);
  const entries = [
    // The number goes first, where it is aligned.
    ...(epoch === undefined ? [] : [{ tag: 1003, type: int32, data: number }]),
    { tag: 1000, type: string, data: text(name) },
    { tag: 1001, type: string, data: text(upstream) },
    { tag: 1002, type: string, data: text(release) },
    { tag: 1011, type: string, data: text(vendor) },
    { tag: 1022, type: string, data: text('x86_64') },
    { tag: 1044, type: string, data: text(`${name}-${upstream}-${release}.src.rpm`) },
  ];
  const index = Buffer.alloc(8 + 16 * entries.length);
  let offset = 0;
  for (const [at, { tag, type, data }] of entries.entries()) {
    for (const [field, value] of [tag, type, offset, 1].entries()) index.writeUInt32BE(value, 8 + 16 * at + 4 * field);
    offset += data.length;
  }
  index.writeUInt32BE(entries.length, 0);
  index.writeUInt32BE(offset, 4);
  return Buffer.concat([index, ...entries.map(({ data }) => data)]);
}

async function write(folder: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}
