-- The tables of postgresStore of latchkey/server with its default names. Each statement may be run again, and
-- while the version before is in service. `store.migrate()` runs the same.

CREATE TABLE IF NOT EXISTS "latchkey_rows" (
  "key" text COLLATE "C" PRIMARY KEY,
  "value" text NOT NULL,
  "version" text NOT NULL,
  "expires_at" bigint NOT NULL,
  "sweep_at" bigint NOT NULL,
  "user_id" text COLLATE "C"
) WITH (fillfactor = 70);

CREATE INDEX IF NOT EXISTS "latchkey_rows_of_user" ON "latchkey_rows" ("user_id", "key") WHERE "user_id" IS NOT NULL;

CREATE INDEX IF NOT EXISTS "latchkey_rows_to_sweep" ON "latchkey_rows" ("sweep_at");

CREATE TABLE IF NOT EXISTS "latchkey_users" ("user_id" text COLLATE "C" PRIMARY KEY, "generation" bigint NOT NULL);

CREATE TABLE IF NOT EXISTS "latchkey_counters" (
  "key" text COLLATE "C" PRIMARY KEY,
  "count" bigint NOT NULL,
  "ends_at" bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX IF NOT EXISTS "latchkey_counters_to_sweep" ON "latchkey_counters" ("ends_at");
