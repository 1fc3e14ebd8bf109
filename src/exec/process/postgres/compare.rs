//! What a database holds, as a few numbers: for every table its columns, how many rows it has, and a sum over all of them
//! that does not depend on their order.

use super::super::failures::passing;
use super::super::guard::{Patience, wait_for};
use super::follow;
use super::sql::Db;
use crate::exec::Failure;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long writers may be kept waiting for both sides to be at one point, and how long to wait for them.
const STILL_MAX: Duration = Duration::from_secs(2);
const LOCK_MAX_MS: u32 = 500;
/// How far behind a follower may be before it is said that it does not keep up.
pub const KEEP_UP_MAX: Duration = Duration::from_secs(30);
/// Tables, and materialized views, of the application.
const TABLES: &str = "
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind,
       (SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                          || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, ', ' ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
ORDER BY 1";

/// What is known of each table: columns, and rows with their sum. Equal databases have equal ones.
pub type Content = BTreeMap<String, String>;

/// Reads a database as it is at one moment.
pub fn content(db: &mut Db<'_>) -> Result<Content, Failure> {
    db.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    let content = content_of(db)?;
    db.run("COMMIT")?;
    Ok(content)
}

/// Reads a database as the present transaction sees it. Two sums of 64 bits over the rows' texts, by different seeds: a change
/// that keeps both has odds of one to 2^128.
pub fn content_of(db: &mut Db<'_>) -> Result<Content, Failure> {
    let mut content = Content::new();
    for row in db.rows(TABLES)? {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || values.next().unwrap_or_default();
        let (name, kind, columns) = (next(), next(), next());
        if kind == "m" {
            // Restoring makes it anew from tables that are compared; here it may be older than they are.
            content.insert(name, format!("({columns}) materialized"));
            continue;
        }
        let sum = |seed: u32| format!("coalesce(sum(hashtextextended(t::text, {seed})::numeric), 0)");
        let sums = db.value(format!("SELECT count(*) || ' ' || {} || ' ' || {} FROM ONLY {name} t", sum(0), sum(1)))?;
        content.insert(name, format!("({columns}) {}", sums.unwrap_or_default()));
    }
    let large = "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(loid || ' ' || pageno || encode(data, 'hex'), \
                 0)::numeric), 0) FROM pg_largeobject";
    content.insert("large objects".into(), db.value(large)?.unwrap_or_default());
    Ok(content)
}

/// What differs, in words; `None`: nothing.
pub fn difference(a: &Content, b: &Content) -> Option<String> {
    let only =
        |x: &Content, y: &Content| x.iter().find(|(name, is)| y.get(*name) != Some(is)).map(|(name, _)| name.clone());
    let name = only(a, b).or_else(|| only(b, a))?;
    let rows = |content: &Content| {
        content.get(&name).map_or_else(
            || "no such table".to_owned(),
            |text| format!("{} rows", text.rsplit(") ").next().and_then(|sums| sums.split(' ').next()).unwrap_or("?")),
        )
    };
    Some(format!("{name} differs: {} on the old side, {} on the new one", rows(a), rows(b)))
}

/// Both sides, while the application writes.
pub struct Both<'a> {
    /// The side that is followed.
    pub reader: Db<'a>,
    /// The same, once more.
    pub locker: Db<'a>,
    /// The side that follows.
    pub follower: Db<'a>,
    /// Its `Seat::id`.
    pub seat: &'a str,
}

impl Both<'_> {
    /// Brings both sides to one point and reads them there: writers wait while the follower gets the last of what was written,
    /// a few hundredths of a second; sums are made afterwards, from what both saw then.
    pub fn at_one_point(&mut self, patience: &dyn Patience) -> Result<(Content, Content), Failure> {
        wait_for(patience, || {
            if !follow::caught_up(&mut self.reader, self.seat, Some(KEEP_UP_MAX), patience)? {
                return Err(passing("the copy does not keep up with what is written"));
            }
            let still = self.hold_still(patience);
            // Whatever came of it, writers go on.
            self.locker.run("ROLLBACK")?;
            Ok(still?.then_some(()))
        })?;
        let contents = (content_of(&mut self.reader)?, content_of(&mut self.follower)?);
        self.reader.run("COMMIT")?;
        self.follower.run("COMMIT")?;
        Ok(contents)
    }

    /// Locks all tables against writers, and lets both readers see what is there then. Says whether it came to that.
    fn hold_still(&mut self, patience: &dyn Patience) -> Result<bool, Failure> {
        let tables = self.locker.rows(TABLES)?.into_iter();
        let tables = tables.filter(|row| row.get(1).is_some_and(|kind| kind.as_deref() == Some("r")));
        let tables: Vec<String> = tables.filter_map(|row| row.into_iter().next().flatten()).collect();
        self.locker.run(format!("BEGIN; SET LOCAL lock_timeout = {LOCK_MAX_MS}"))?;
        if !tables.is_empty() {
            match self.locker.run(format!("LOCK TABLE ONLY {} IN SHARE MODE", tables.join(", ONLY "))) {
                Ok(()) => {}
                // 55P03 lock_not_available, 40P01 deadlock_detected
                Err(error) if error.is(&["55P03", "40P01"]) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        let place = follow::now(&mut self.reader)?;
        let since = Instant::now();
        while !follow::has_all(&mut self.reader, self.seat, &place)? {
            if since.elapsed() > STILL_MAX {
                return Ok(false);
            }
            patience.pause(Duration::from_millis(2))?;
        }
        for db in [&mut self.reader, &mut self.follower] {
            // The first query fixes what the transaction sees.
            db.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1")?;
        }
        Ok(true)
    }
}

/// Names a snapshot that others can see the database by, for as long as the transaction of this connection lasts.
pub fn exported_snapshot(db: &mut Db<'_>) -> Result<String, Failure> {
    db.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    Ok(db.value("SELECT pg_export_snapshot()")?.unwrap_or_default())
}

/// The content as one line, to be kept.
pub fn digest(content: &Content) -> String {
    let text = content.iter().fold(String::new(), |text, (name, is)| format!("{text}{name} {is}\n"));
    super::super::routes::Routes::digest(text.as_bytes())
}
