//! One side follows another by logical replication.
//!
//! The side that is followed has a publication of all tables and a replication slot for the follower; the follower has a
//! subscription. What is there is looked at before anything is made, in the order in which it is made: a subscription is there
//! only if its slot is.

use super::super::failures::passing;
use super::super::guard::{Patience, wait_for};
use super::server::Server;
use super::sql::{Db, quoted};
use crate::exec::Failure;
use std::time::{Duration, Instant};

/// Name of the publication and of the subscription.
const NAME: &str = "placer";
/// How long a slot may be in use after its user was sent away.
const RELEASE_MAX: Duration = Duration::from_secs(20);

/// Tables that replication does not carry, or not exactly: why the data have to be dumped and restored instead.
const OBSTACLES: &str = "
SELECT 'the table ' || c.oid::regclass || ' has no primary key'
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_' AND c.relreplident IN ('d', 'n', 'f')
  AND NOT (c.relreplident = 'd' AND EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))
UNION ALL
SELECT 'the table ' || c.oid::regclass || ' is not logged'
FROM pg_class c WHERE c.relkind = 'r' AND c.relpersistence = 'u'
UNION ALL
SELECT c.oid::regclass || ' is a materialized view' FROM pg_class c WHERE c.relkind = 'm'
UNION ALL
SELECT 'there are large objects' WHERE EXISTS (SELECT 1 FROM pg_largeobject_metadata)
ORDER BY 1 LIMIT 1";

/// The slot on the followed side for a follower.
fn slot(follower: &str) -> String {
    format!("placer_{follower}")
}

/// Why logical replication does not carry what is there; `None`: it does.
pub fn obstacle(db: &mut Db<'_>) -> Result<Option<String>, Failure> {
    Ok(db.value(OBSTACLES)?)
}

/// Whether a side follows another one.
pub fn follows(db: &mut Db<'_>) -> Result<bool, Failure> {
    Ok(db.has(format!("SELECT 1 FROM pg_subscription WHERE subname = '{NAME}'"))?)
}

/// Lets `follower` follow `followed`. With `copy` what is there is copied first; without, both are equal.
pub fn follow(
    follower: &Server<'_>,
    followed: &Server<'_>,
    copy: bool,
    patience: &dyn Patience,
) -> Result<(), Failure> {
    let mut of = Db::connect(&follower.admin("app")?, patience)?;
    if follows(&mut of)? {
        return Ok(());
    }
    let mut to = Db::connect(&followed.admin("app")?, patience)?;
    if !to.has(format!("SELECT 1 FROM pg_publication WHERE pubname = '{NAME}'"))? {
        to.run(format!("CREATE PUBLICATION {NAME} FOR ALL TABLES"))?;
    }
    let slot = slot(&follower.side.file.seat);
    drop_slot(&mut to, &slot, patience)?;
    to.run(format!("SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')"))?;
    let connection = quoted(&followed.connection()?);
    of.run(format!(
        "CREATE SUBSCRIPTION {NAME} CONNECTION {connection} PUBLICATION {NAME} WITH (create_slot = false, slot_name = \
         '{slot}', copy_data = {copy})"
    ))?;
    Ok(())
}

/// Waits until all tables are copied.
pub fn copied(follower: &Server<'_>, patience: &dyn Patience) -> Result<(), Failure> {
    let mut db = Db::connect(&follower.admin("app")?, patience)?;
    let mut told = String::new();
    wait_for(patience, || {
        let counts = db.rows("SELECT count(*) FILTER (WHERE srsubstate = 'r'), count(*) FROM pg_subscription_rel")?;
        let count = |at: usize| counts.first().and_then(|row| row.get(at).cloned().flatten()).unwrap_or_default();
        let text = format!("{} of {} tables are copied", count(0), count(1));
        if text != told {
            patience.tell(&text);
            told = text;
        }
        Ok((count(0) == count(1)).then_some(()))
    })
}

/// Ends the following of a side: also when the followed one is gone.
pub fn unfollow(follower: &Server<'_>, followed: Option<&Server<'_>>, patience: &dyn Patience) -> Result<(), Failure> {
    let mut db = Db::connect(&follower.admin("app")?, patience)?;
    if follows(&mut db)? {
        // Apart from its slot it can be dropped without the other side.
        db.run(format!("ALTER SUBSCRIPTION {NAME} DISABLE"))?;
        db.run(format!("ALTER SUBSCRIPTION {NAME} SET (slot_name = NONE)"))?;
        db.run(format!("DROP SUBSCRIPTION {NAME}"))?;
    }
    match followed {
        Some(followed) => forget(followed, &follower.side.file.seat, patience),
        None => Ok(()),
    }
}

/// Removes what a side keeps for a follower.
pub fn forget(followed: &Server<'_>, follower: &str, patience: &dyn Patience) -> Result<(), Failure> {
    let mut db = Db::connect(&followed.admin("app")?, patience)?;
    drop_slot(&mut db, &slot(follower), patience)?;
    // Those by which single tables were copied carry the subscription's number; nobody else has slots here.
    for row in db.rows("SELECT slot_name FROM pg_replication_slots WHERE slot_name ~ '^pg_[0-9]+_sync_'")? {
        for name in row.into_iter().flatten() {
            drop_slot(&mut db, &name, patience)?;
        }
    }
    if !db.has("SELECT 1 FROM pg_replication_slots")? {
        db.run(format!("DROP PUBLICATION IF EXISTS {NAME}"))?;
    }
    Ok(())
}

fn drop_slot(db: &mut Db<'_>, slot: &str, patience: &dyn Patience) -> Result<(), Failure> {
    let since = Instant::now();
    wait_for(patience, || {
        if !db.has(format!("SELECT 1 FROM pg_replication_slots WHERE slot_name = '{slot}'"))? {
            return Ok(Some(()));
        }
        db.run(format!(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{slot}'"
        ))?;
        match db.run(format!("SELECT pg_drop_replication_slot('{slot}')")) {
            Ok(()) => Ok(Some(())),
            // It is still in use, or was dropped by itself: 55006 object_in_use, 42704 undefined_object.
            Err(error) if error.is(&["55006", "42704"]) && since.elapsed() < RELEASE_MAX => Ok(None),
            Err(error) => Err(error.into()),
        }
    })
}

/// A place in the log of a side that comes after all that was committed there.
pub fn now(db: &mut Db<'_>) -> Result<String, Failure> {
    let place = db.value(format!("SELECT pg_logical_emit_message(true, '{NAME}', '')"))?;
    place.ok_or_else(|| passing("PostgreSQL does not say how far its log is"))
}

/// Whether a follower has everything up to a place in the followed side's log, on its disk.
pub fn has_all(followed: &mut Db<'_>, follower: &str, place: &str) -> Result<bool, Failure> {
    let slot = slot(follower);
    let sql =
        format!("SELECT 1 FROM pg_replication_slots WHERE slot_name = '{slot}' AND confirmed_flush_lsn >= '{place}'");
    Ok(followed.has(sql)?)
}

/// Waits until a follower has everything that was committed until now, so long at most. Says whether it has.
pub fn caught_up(
    followed: &mut Db<'_>,
    follower: &str,
    longest: Option<Duration>,
    patience: &dyn Patience,
) -> Result<bool, Failure> {
    let place = now(followed)?;
    let since = Instant::now();
    wait_for(patience, || {
        if has_all(followed, follower, &place)? {
            return Ok(Some(true));
        }
        Ok(longest.is_some_and(|longest| since.elapsed() > longest).then_some(false))
    })
}

/// Carries the sequences over: replication does not.
pub fn carry_sequences(from: &mut Db<'_>, to: &mut Db<'_>) -> Result<(), Failure> {
    let list = "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind = 'S' AND c.relpersistence <> 't' ORDER BY 1";
    for name in from.rows(list)?.into_iter().flatten().flatten() {
        let row = from.rows(format!("SELECT last_value, is_called FROM {name}"))?.into_iter().next();
        let mut values = row.into_iter().flatten().flatten();
        let (Some(last), Some(called)) = (values.next(), values.next()) else { continue };
        to.run(format!("SELECT setval({}, {last}, '{called}')", quoted(&name)))?;
    }
    Ok(())
}
