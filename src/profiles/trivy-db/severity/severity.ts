// Trivy's severities (trivy-db pkg/types): the number in a row, its name, and how records lead to one.

export const severityNames = ['UNKNOWN', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;

/** 0 unknown, 1 low, 2 medium, 3 high, 4 critical. */
export type SeverityLevel = 0 | 1 | 2 | 3 | 4;

const words = new Map<string, SeverityLevel>([
  ['negligible', 1],
  ['low', 1],
  ['moderate', 2],
  ['medium', 2],
  ['important', 3],
  ['high', 3],
  ['critical', 4],
]);

/** What a database or vendor calls the severity; 0 for other words. */
export function severityOfWord(word: string): SeverityLevel {
  return words.get(word.toLowerCase()) ?? 0;
}

/** Bands of the CVSS specifications: from 9.0 critical, 7.0 high, 4.0 medium, above 0 low. */
export function severityOfScore(score: number): SeverityLevel {
  if (score >= 9) return 4;
  if (score >= 7) return 3;
  if (score >= 4) return 2;
  return score > 0 ? 1 : 0;
}
