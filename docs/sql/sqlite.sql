-- The tables of sqliteStore of latchkey/server with its default names. Each statement may be run again, and
-- while the version before is in service. `store.migrate()` runs the same.

CREATE TABLE IF NOT EXISTS "latchkey_rows" (
  "key" TEXT NOT NULL PRIMARY KEY,
  "value" TEXT NOT NULL,
  "version" TEXT NOT NULL,
  "expires_at" INTEGER NOT NULL,
  "sweep_at" INTEGER NOT NULL,
  "user_id" TEXT
);

CREATE INDEX IF NOT EXISTS "latchkey_rows_of_user" ON "latchkey_rows" ("user_id", "key") WHERE "user_id" IS NOT NULL;

CREATE INDEX IF NOT EXISTS "latchkey_rows_to_sweep" ON "latchkey_rows" ("sweep_at");

CREATE TABLE IF NOT EXISTS "latchkey_users" ("user_id" TEXT NOT NULL PRIMARY KEY, "generation" INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS "latchkey_counters" (
  "key" TEXT NOT NULL PRIMARY KEY,
  "count" INTEGER NOT NULL,
  "ends_at" INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS "latchkey_counters_to_sweep" ON "latchkey_counters" ("ends_at");
