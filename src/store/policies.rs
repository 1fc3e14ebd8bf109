//! Policies that were given by name.

use super::{Store, StoreError, feed};
use rusqlite::{OptionalExtension as _, Row, params};

/// A policy that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRow {
    /// Its name.
    pub name: String,
    /// Its file, word for word.
    pub text: String,
    /// When it was given, in seconds since 1970.
    pub changed_at: i64,
}

fn policy_row(row: &Row<'_>) -> rusqlite::Result<PolicyRow> {
    Ok(PolicyRow { name: row.get(0)?, text: row.get(1)?, changed_at: row.get(2)? })
}

impl Store {
    /// Keeps a policy, in place of an older one of that name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_policy(&self, policy: &PolicyRow) -> Result<(), StoreError> {
        let write = || {
            let transaction = self.change()?;
            transaction.execute(
                "INSERT OR REPLACE INTO policies (name, text, changed_at) VALUES (?1, ?2, ?3)",
                params![policy.name, policy.text, policy.changed_at],
            )?;
            feed::event(&transaction, policy.changed_at, "", "policy", &policy.name)?;
            transaction.commit()
        };
        write().map_err(self.failed())
    }

    /// The policies that were given, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn policies(&self) -> Result<Vec<PolicyRow>, StoreError> {
        self.rows("SELECT name, text, changed_at FROM policies ORDER BY name", [], policy_row)
    }

    /// One policy that was given.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn policy(&self, name: &str) -> Result<Option<PolicyRow>, StoreError> {
        let query = "SELECT name, text, changed_at FROM policies WHERE name = ?1";
        self.db.query_row(query, [name], policy_row).optional().map_err(self.failed())
    }

    /// Forgets a policy, unless an application uses it: then its name is given.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_policy(&self, name: &str, now: i64) -> Result<Forgotten, StoreError> {
        let write = || {
            let transaction = self.change()?;
            let user = "SELECT name FROM apps WHERE policy = ?1 ORDER BY name LIMIT 1";
            let user: Option<String> = transaction.query_row(user, [name], |row| row.get(0)).optional()?;
            if let Some(app) = user {
                return Ok(Forgotten::Used { app });
            }
            if transaction.execute("DELETE FROM policies WHERE name = ?1", [name])? == 0 {
                return Ok(Forgotten::Unknown);
            }
            feed::event(&transaction, now, "", "policy", name)?;
            transaction.commit().map(|()| Forgotten::Done)
        };
        write().map_err(self.failed())
    }
}

/// What became of the wish to forget a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// It is gone.
    Done,
    /// There was none of that name.
    Unknown,
    /// An application uses it; it stays.
    Used {
        /// Name of the application.
        app: String,
    },
}
