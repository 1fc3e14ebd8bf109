//! The tables, and how an older form becomes the present one.

use super::{Store, StoreError};

/// The form that this program writes: the number of migrations.
pub const VERSION: i64 = 3;

/// Each entry brings the form before it to the next one. Entries are never changed once released, only added.
///
/// Times are seconds since 1970, UTC. Prices are nano-dollars per unit. `value` is the collector's own JSON form of a
/// figure; the store does not look into it.
const MIGRATIONS: &[&str] = &[
    "
    -- One attempt to read a source. `state`: running, complete, failed.
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        provider TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        finished_at INTEGER,
        state TEXT NOT NULL,
        rows INTEGER NOT NULL DEFAULT 0,
        accepted INTEGER NOT NULL DEFAULT 0,
        changed INTEGER NOT NULL DEFAULT 0,
        waiting INTEGER NOT NULL DEFAULT 0,
        refused INTEGER NOT NULL DEFAULT 0,
        skipped INTEGER NOT NULL DEFAULT 0,
        message TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX runs_by_source ON runs (source, id);

    -- What a run refused: with the raw value, so that it can be judged.
    CREATE TABLE refusals (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        what TEXT NOT NULL,
        raw TEXT NOT NULL,
        reason TEXT NOT NULL
    );
    CREATE INDEX refusals_by_run ON refusals (run);

    -- The last accepted figure of each key; `value` is NULL when the source has stopped to offer it.
    CREATE TABLE figures (
        key TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        value TEXT,
        usd_nanos INTEGER,
        unit TEXT NOT NULL,
        native TEXT NOT NULL,
        rate TEXT NOT NULL,
        quality TEXT NOT NULL,
        rule TEXT NOT NULL,
        effective TEXT,
        since_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL,
        seen_run INTEGER NOT NULL,
        absent_runs INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX figures_by_source ON figures (source);

    -- Every value that a key was accepted with, and from when on.
    CREATE TABLE history (
        key TEXT NOT NULL,
        at INTEGER NOT NULL,
        run INTEGER NOT NULL,
        usd_nanos INTEGER,
        unit TEXT NOT NULL,
        native TEXT NOT NULL,
        rate TEXT NOT NULL,
        PRIMARY KEY (key, at, run)
    ) WITHOUT ROWID;

    -- Figures that wait for a second run to say the same.
    CREATE TABLE waiting (
        key TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        value TEXT NOT NULL,
        native TEXT NOT NULL,
        raw TEXT NOT NULL,
        reason TEXT NOT NULL,
        since_at INTEGER NOT NULL,
        run INTEGER NOT NULL
    ) WITHOUT ROWID;

    -- Exchange rates: US dollars for one unit of a currency, as decimal text.
    CREATE TABLE rates (
        currency TEXT NOT NULL,
        date TEXT NOT NULL,
        usd TEXT NOT NULL,
        source TEXT NOT NULL,
        PRIMARY KEY (currency, date)
    ) WITHOUT ROWID;

    -- Sealed books, newest last. The bytes are the file books/<digest>.book.
    CREATE TABLE books (
        id INTEGER PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        as_of TEXT NOT NULL,
        sealed_at INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        base TEXT NOT NULL,
        figures INTEGER NOT NULL,
        sources TEXT NOT NULL
    );
",
    "
    -- Applications that are looked after: the file as it was given.
    CREATE TABLE apps (
        name TEXT PRIMARY KEY,
        text TEXT NOT NULL,
        policy TEXT NOT NULL DEFAULT '',
        changed_at INTEGER NOT NULL
    ) WITHOUT ROWID;

    -- Plans, whole. `state`: waiting (for somebody's decision), approved, rejected, applied, superseded.
    CREATE TABLE plans (
        digest TEXT PRIMARY KEY,
        app TEXT NOT NULL,
        document TEXT NOT NULL,
        reason TEXT NOT NULL,
        state TEXT NOT NULL,
        made_at INTEGER NOT NULL,
        decided_at INTEGER,
        decided_by TEXT
    ) WITHOUT ROWID;
    CREATE INDEX plans_by_app ON plans (app, made_at);

    -- Plans that are or were carried out. `state`: running, keeping (the old sides), stuck, finished, rolled_back.
    CREATE TABLE plan_runs (
        id TEXT PRIMARY KEY,
        app TEXT NOT NULL,
        plan TEXT NOT NULL REFERENCES plans,
        executor TEXT NOT NULL,
        state TEXT NOT NULL,
        began_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX plan_runs_by_app ON plan_runs (app, began_at);

    -- What was done, written before and after each effect.
    CREATE TABLE journal (
        run TEXT NOT NULL REFERENCES plan_runs,
        entry INTEGER NOT NULL,
        at INTEGER NOT NULL,
        fence INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (run, entry)
    ) WITHOUT ROWID;

    -- Where each application is: the placement that its last ended run left.
    CREATE TABLE deployments (
        app TEXT PRIMARY KEY,
        placement TEXT NOT NULL,
        executor TEXT NOT NULL,
        run TEXT NOT NULL,
        at INTEGER NOT NULL
    ) WITHOUT ROWID;

    -- Grows with every holder of an application's lock.
    CREATE TABLE fences (app TEXT PRIMARY KEY, fence INTEGER NOT NULL) WITHOUT ROWID;

    -- What the autopilot decided, also where it did nothing.
    CREATE TABLE decisions (
        id INTEGER PRIMARY KEY,
        app TEXT NOT NULL,
        at INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        plan TEXT,
        detail TEXT NOT NULL
    );
    CREATE INDEX decisions_by_app ON decisions (app, id);

    -- What moves have cost and what they save.
    CREATE TABLE ledger (
        run TEXT PRIMARY KEY REFERENCES plan_runs,
        app TEXT NOT NULL,
        components TEXT NOT NULL,
        at INTEGER NOT NULL,
        until INTEGER,
        cost_nanos INTEGER,
        saving_month_nanos INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX ledger_by_app ON ledger (app, at);

    -- How the market cleared for an application, after each tick that concerned it.
    CREATE TABLE clearings (
        id INTEGER PRIMARY KEY,
        app TEXT NOT NULL,
        at INTEGER NOT NULL,
        usd_month_nanos INTEGER,
        detail TEXT NOT NULL
    );
    CREATE INDEX clearings_by_app ON clearings (app, id);

    -- Ticks that were observed, in the order in which they came.
    CREATE TABLE ticks (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, source TEXT NOT NULL, tick TEXT NOT NULL);

    -- Who may use the API: SHA-256 of the token, lower-case hex. `role`: viewer, operator, admin.
    CREATE TABLE tokens (
        id TEXT PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        note TEXT NOT NULL,
        made_at INTEGER NOT NULL,
        expires_at INTEGER,
        revoked_at INTEGER
    ) WITHOUT ROWID;

    -- One feed of everything that changed, for whoever follows.
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        app TEXT NOT NULL,
        kind TEXT NOT NULL,
        about TEXT NOT NULL
    );
",
    "
    -- Policies that were given by name: the file as it was given.
    CREATE TABLE policies (name TEXT PRIMARY KEY, text TEXT NOT NULL, changed_at INTEGER NOT NULL) WITHOUT ROWID;
",
];

impl Store {
    pub(super) fn version(&self) -> Result<i64, StoreError> {
        self.db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(self.failed())
    }

    pub(super) fn migrate(&self) -> Result<(), StoreError> {
        if self.version()? == VERSION {
            return Ok(());
        }
        let failed = self.failed();
        // Two processes may open a new store at once: whoever is second finds the work done.
        let transaction = self.change().map_err(&failed)?;
        let found = self.version()?;
        debug_assert_eq!(usize::try_from(VERSION), Ok(MIGRATIONS.len()), "every migration is a version");
        let done = usize::try_from(found).ok().filter(|&done| done <= MIGRATIONS.len());
        let done = done.ok_or(StoreError::Version { path: self.folder.clone(), found, known: VERSION })?;
        for migration in &MIGRATIONS[done..] {
            transaction.execute_batch(migration).map_err(&failed)?;
        }
        transaction.pragma_update(None, "user_version", VERSION).map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }
}
