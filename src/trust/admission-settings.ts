// Ready-made settings for admission controllers: keys and log filled in, so that they verify without any service.
// Kyverno takes a ClusterPolicy (kyverno.io/v1), policy-controller a TrustRoot and a ClusterImagePolicy
// (policy.sigstore.dev). Any one of the keys is enough, so that rotation needs no change at two moments.

import { ExportError } from '../core/errors.ts';
import { logUrl } from './log/log-identity.ts';

export type AdmissionFacts = {
  /** A pattern of references, such as `exports.example/default/*`. */
  readonly images: string;
  /** SPKI PEM. */
  readonly publicKeys: readonly string[];
  /** PEM of the log's key; absent when nothing is entered in a log. */
  readonly logKey?: string;
};

export const admissionControllers = ['kyverno', 'policy-controller'] as const;

export type AdmissionController = (typeof admissionControllers)[number];

/** YAML for `kubectl apply`. Throws USAGE for a pattern that could be something else in YAML. */
export function admissionSettings(controller: AdmissionController, facts: AdmissionFacts): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._:/*?@-]*$/.test(facts.images)) {
    throw new ExportError('USAGE', 'images are named by a pattern such as exports.example/default/*');
  }
  return controller === 'kyverno' ? kyverno(facts) : policyController(facts);
}

function kyverno({ images, publicKeys, logKey }: AdmissionFacts): string {
  const log = logKey === undefined ? ['ignoreTlog: true'] : ['pubkey: |-', ...block(logKey)];
  const entries = publicKeys.flatMap((key) => [
    '- keys:',
    ...indented(4, ['publicKeys: |-', ...block(key), 'rekor:', ...indented(2, log), 'ctlog:', '  ignoreSCT: true']),
  ]);
  return yaml([
    'apiVersion: kyverno.io/v1',
    'kind: ClusterPolicy',
    'metadata:',
    '  name: export-center',
    'spec:',
    '  rules:',
    '    - name: signed-by-export-center',
    '      match:',
    '        any:',
    '          - resources:',
    '              kinds: [Pod]',
    '      verifyImages:',
    '        - imageReferences:',
    `            - "${images}"`,
    '          failureAction: Enforce',
    '          attestors:',
    '            - count: 1',
    '              entries:',
    ...indented(16, entries),
  ]);
}

function policyController({ images, publicKeys, logKey }: AdmissionFacts): string {
  const log = logKey === undefined ? [] : ['ctlog:', `  url: ${logUrl}`, '  trustRootRef: export-center'];
  const authorities = publicKeys.flatMap((key, index) => [
    `- name: export-center-${index + 1}`,
    ...indented(2, ['key:', '  data: |-', ...indented(2, block(key)), ...log]),
  ]);
  return yaml([
    ...(logKey === undefined ? [] : [...trustRoot(logKey), '---']),
    'apiVersion: policy.sigstore.dev/v1beta1',
    'kind: ClusterImagePolicy',
    'metadata:',
    '  name: export-center',
    'spec:',
    '  images:',
    `    - glob: "${images}"`,
    '  authorities:',
    ...indented(4, authorities),
  ]);
}

function trustRoot(logKey: string): string[] {
  return [
    'apiVersion: policy.sigstore.dev/v1alpha1',
    'kind: TrustRoot',
    'metadata:',
    '  name: export-center',
    'spec:',
    '  sigstoreKeys:',
    '    certificateAuthorities: []',
    '    tLogs:',
    `      - baseURL: ${logUrl}`,
    '        hashAlgorithm: sha-256',
    `        publicKey: ${Buffer.from(logKey, 'utf8').toString('base64')}`,
  ];
}

function block(text: string): string[] {
  return indented(2, text.trimEnd().split('\n'));
}

function indented(spaces: number, lines: readonly string[]): string[] {
  return lines.map((line) => ' '.repeat(spaces) + line);
}

function yaml(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
