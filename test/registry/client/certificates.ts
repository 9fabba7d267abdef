// A certificate authority of our own and a server certificate by it, made by the openssl program.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Skippable } from '../../judges.ts';
import { mustRun } from '../../support/run-program.ts';
import { temporaryFolder, type Scope } from '../../support/temporary-folder.ts';

export type Certificates = { readonly ca: string; readonly key: string; readonly cert: string };

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Valid for localhost, 127.0.0.1, registry.test and feeds.test. Undefined after `t.skip` when openssl is not there. */
export async function makeCertificates(t: Scope & Skippable): Promise<Certificates | undefined> {
  const dir = await temporaryFolder(t, 'certificates');
  const openssl = (...args: string[]): Promise<string> => mustRun('openssl', args, { cwd: dir });
  try {
    await openssl('version');
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    t.skip('the program openssl is not here');
    return undefined;
  }
  const authority = ['-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test authority', '-days', '2'];
  await openssl('req', '-x509', ...curve, ...authority);
  await openssl('req', ...curve, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=registry.test');
  await writeFile(join(dir, 'names'), 'subjectAltName=DNS:localhost,DNS:registry.test,DNS:feeds.test,IP:127.0.0.1\n');
  const signing = ['-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  await openssl('x509', '-req', ...signing, '-out', 'cert.pem', '-days', '2');
  const read = (name: string): Promise<string> => readFile(join(dir, name), 'utf8');
  return { ca: await read('ca.pem'), key: await read('key.pem'), cert: await read('cert.pem') };
}
