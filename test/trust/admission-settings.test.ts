// Settings for admission controllers, as their documentation has them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { admissionSettings } from '../../src/trust/admission-settings.ts';

const pem = (text: string): string => `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----\n`;
const images = 'exports.example/default/*';

describe('settings for admission controllers', () => {
  it('are a ClusterPolicy for Kyverno, in which one of the keys is enough', () => {
    const text = admissionSettings('kyverno', { images, publicKeys: [pem('a'), pem('b')], logKey: pem('log') });
    assert.equal(
      text,
      `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: export-center
spec:
  rules:
    - name: signed-by-export-center
      match:
        any:
          - resources:
              kinds: [Pod]
      verifyImages:
        - imageReferences:
            - "exports.example/default/*"
          failureAction: Enforce
          attestors:
            - count: 1
              entries:
                - keys:
                    publicKeys: |-
                      -----BEGIN PUBLIC KEY-----
                      a
                      -----END PUBLIC KEY-----
                    rekor:
                      pubkey: |-
                        -----BEGIN PUBLIC KEY-----
                        log
                        -----END PUBLIC KEY-----
                    ctlog:
                      ignoreSCT: true
                - keys:
                    publicKeys: |-
                      -----BEGIN PUBLIC KEY-----
                      b
                      -----END PUBLIC KEY-----
                    rekor:
                      pubkey: |-
                        -----BEGIN PUBLIC KEY-----
                        log
                        -----END PUBLIC KEY-----
                    ctlog:
                      ignoreSCT: true
`,
    );
  });

  it('are a TrustRoot with the log and a ClusterImagePolicy for policy-controller', () => {
    const text = admissionSettings('policy-controller', { images, publicKeys: [pem('a')], logKey: pem('log') });
    assert.equal(
      text,
      `apiVersion: policy.sigstore.dev/v1alpha1
kind: TrustRoot
metadata:
  name: export-center
spec:
  sigstoreKeys:
    certificateAuthorities: []
    tLogs:
      - baseURL: https://log.export-center.invalid
        hashAlgorithm: sha-256
        publicKey: ${Buffer.from(pem('log')).toString('base64')}
---
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: export-center
spec:
  images:
    - glob: "exports.example/default/*"
  authorities:
    - name: export-center-1
      key:
        data: |-
          -----BEGIN PUBLIC KEY-----
          a
          -----END PUBLIC KEY-----
      ctlog:
        url: https://log.export-center.invalid
        trustRootRef: export-center
`,
    );
  });

  it('ask for no log where nothing is entered in one', () => {
    const facts = { images, publicKeys: [pem('a')] };
    assert.ok(admissionSettings('kyverno', facts).includes('ignoreTlog: true'));
    assert.ok(!admissionSettings('policy-controller', facts).includes('ctlog'));
  });

  it('are refused for a pattern that would be more than a pattern', () => {
    for (const pattern of ['', 'a"', 'a\n- b', '*']) {
      assert.throws(() => admissionSettings('kyverno', { images: pattern, publicKeys: [] }), { code: 'USAGE' });
    }
  });
});
