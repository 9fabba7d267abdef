// A certificate transparency log for tests (RFC 6962 §3.2, §4.2): it signs what it is shown and keeps nothing.

import { generateKeyPairSync, createHash, sign, X509Certificate } from 'node:crypto';
import { json } from 'node:stream/consumers';
import { serveOn } from './serve-on.ts';
import type { Scope } from './scope.ts';

export type CertificateLog = { readonly url: string; readonly publicKeyPem: string };

/** 1.3.6.1.4.1.11129.2.4.3, the extension that makes a certificate one that is not yet issued. */
const poison = Buffer.from('060a2b06010401d679020403', 'hex');

export async function startCertificateLog(scope: Scope): Promise<CertificateLog> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const id = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
  const url = await serveOn(scope, async (request, response) => {
    const { chain } = (await json(request)) as { chain: [string, string] };
    const [certificate, issuer] = chain.map((text) => Buffer.from(text, 'base64')) as [Buffer, Buffer];
    const timestamp = Buffer.alloc(8);
    timestamp.writeBigUInt64BE(BigInt(Date.now()));
    const issuerKey = new X509Certificate(issuer).publicKey.export({ type: 'spki', format: 'der' });
    const body = withoutPoison(certificate);
    const signed = Buffer.concat([
      Buffer.from([0, 0]),
      timestamp,
      Buffer.from([0, 1]),
      createHash('sha256').update(issuerKey).digest(),
      Buffer.from([body.length >> 16, body.length >> 8, body.length]),
      body,
      Buffer.from([0, 0]),
    ]);
    const signature = sign('sha256', signed, privateKey);
    // SHA-256 with ECDSA, then a vector with two bytes of length.
    const head = Buffer.from([4, 3, signature.length >> 8, signature.length]);
    response.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        sct_version: 0,
        id: id.toString('base64'),
        timestamp: Number(timestamp.readBigUInt64BE()),
        extensions: '',
        signature: Buffer.concat([head, signature]).toString('base64'),
      }),
    );
  });
  return { url, publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** The part of a certificate that is signed, without the poison. */
function withoutPoison(certificate: Buffer): Buffer {
  const [tbs] = parts(contentOf(certificate)) as [Buffer];
  const members = parts(contentOf(tbs)).map((member) => {
    if (member[0] !== 0xa3) return member;
    const [list] = parts(contentOf(member)) as [Buffer];
    const extensions = parts(contentOf(list)).filter((extension) => !extension.includes(poison));
    return element(0xa3, element(0x30, Buffer.concat(extensions)));
  });
  return element(0x30, Buffer.concat(members));
}

/** The elements that stand one after the other, in DER. */
function parts(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const { start, length } = header(bytes.subarray(at));
    found.push(bytes.subarray(at, at + start + length));
    at += start + length;
  }
  return found;
}

function contentOf(element: Buffer): Buffer {
  const { start, length } = header(element);
  return element.subarray(start, start + length);
}

function header(bytes: Buffer): { readonly start: number; readonly length: number } {
  const first = bytes[1] ?? 0;
  if (first < 0x80) return { start: 2, length: first };
  const count = first & 0x7f;
  return { start: 2 + count, length: bytes.readUIntBE(2, count) };
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
