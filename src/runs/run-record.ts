// Rows of runs as callers see them.

import type { RunEventRow, RunRow } from '../db/runs.ts';
import type { RunEvent, RunRecord, RunRequest, RunResult, RunState } from './center.ts';

export function runRecordOf(row: RunRow): RunRecord {
  return {
    run: row.id,
    profile: row.profile,
    state: row.state as RunState,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    attempt: row.attempt,
    request: JSON.parse(row.request) as RunRequest,
    ...(row.result === null ? {} : { result: JSON.parse(row.result) as RunResult }),
    ...(row.failure === null ? {} : { failure: JSON.parse(row.failure) as NonNullable<RunRecord['failure']> }),
  };
}

export function runEventOf({ sequence, at, state, message, done, total }: RunEventRow): RunEvent {
  return {
    sequence,
    at,
    state: state as RunState,
    message,
    ...(done === null ? {} : { done }),
    ...(total === null ? {} : { total }),
  };
}
