// The database as the transparency log's storage.

import type { Database } from '../db/database.ts';
import {
  addLogTrees,
  appendLogEntry,
  logEntryAt,
  logEntryOf,
  logLeavesOf,
  logNodes,
  logSize,
  logTrees,
  retireLogTree,
} from '../db/log.ts';
import type { LogStorage } from '../trust/log/log-storage.ts';

export function logStorage(db: Database): LogStorage {
  return {
    trees: () => logTrees(db),
    addTrees: (trees) => addLogTrees(db, trees),
    retire: (tree, at) => retireLogTree(db, tree, at),
    append: (tree, entry, grow) => appendLogEntry(db, tree, entry, grow),
    size: (tree) => logSize(db, tree),
    nodes: (tree, numbers) => logNodes(db, tree, numbers),
    entryAt: (tree, index) => logEntryAt(db, tree, index),
    entryOf: (tree, leaf) => logEntryOf(db, tree, leaf),
    leavesOf: (tree, key, limit) => logLeavesOf(db, tree, key, limit),
  };
}
