// A certificate authority of the test's own, and a certificate for `localhost` that it signed.

import { readFile, writeFile } from 'node:fs/promises';
import { mustRun } from '../support/run-program.ts';

export type PrivateAuthority = { readonly ca: string; readonly cert: string; readonly key: string };

/** PEM texts; the work is done by openssl in `folder`. */
export async function privateAuthority(folder: string): Promise<PrivateAuthority> {
  const openssl = (...args: string[]) => mustRun('openssl', args, { cwd: folder });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const own = ['-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=authority'];
  await openssl('req', '-x509', ...ec, ...own);
  await openssl('req', ...ec, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  await writeFile(`${folder}/names`, 'subjectAltName=DNS:localhost\n');
  const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
  await openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.crt', ...by);
  const read = (name: string) => readFile(`${folder}/${name}`, 'utf8');
  return { ca: await read('ca.crt'), cert: await read('server.crt'), key: await read('server.key') };
}
