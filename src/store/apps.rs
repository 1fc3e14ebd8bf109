//! Applications that are looked after, and plans made for them.

use super::{Store, StoreError};
use rusqlite::{OptionalExtension as _, Row, params};

/// An application that is looked after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRow {
    /// Its name.
    pub name: String,
    /// Its file, word for word.
    pub text: String,
    /// Name of the policy that the autopilot uses for it; empty: the autopilot's own.
    pub policy: String,
    /// When it was given, in seconds since 1970.
    pub changed_at: i64,
}

/// What was decided about a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanState {
    /// It waits for somebody's decision.
    Waiting,
    /// It may be carried out.
    Approved,
    /// It must not be carried out.
    Rejected,
    /// A run of it exists.
    Applied,
    /// Nobody decided before something else became better.
    Superseded,
}

impl PlanState {
    /// The word used in the database, on the screen and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Applied => "applied",
            Self::Superseded => "superseded",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "approved" => Self::Approved,
            "rejected" => Self::Rejected,
            "applied" => Self::Applied,
            "superseded" => Self::Superseded,
            _ => Self::Waiting,
        }
    }
}

/// A plan that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// Its digest.
    pub digest: String,
    /// Name of the application.
    pub app: String,
    /// The document, as `crate::plan::to_json` writes it.
    pub document: String,
    /// Why it was made, in a sentence.
    pub reason: String,
    /// What was decided.
    pub state: PlanState,
    /// When it was made, in seconds since 1970.
    pub made_at: i64,
    /// When it was decided about.
    pub decided_at: Option<i64>,
    /// By whom: the id of a token, `policy NAME`, or `command line`.
    pub decided_by: Option<String>,
}

pub(super) const PLAN: &str = "digest, app, document, reason, state, made_at, decided_at, decided_by";

pub(super) fn plan_row(row: &Row<'_>) -> rusqlite::Result<PlanRow> {
    Ok(PlanRow {
        digest: row.get(0)?,
        app: row.get(1)?,
        document: row.get(2)?,
        reason: row.get(3)?,
        state: PlanState::of(&row.get::<_, String>(4)?),
        made_at: row.get(5)?,
        decided_at: row.get(6)?,
        decided_by: row.get(7)?,
    })
}

fn app_row(row: &Row<'_>) -> rusqlite::Result<AppRow> {
    Ok(AppRow { name: row.get(0)?, text: row.get(1)?, policy: row.get(2)?, changed_at: row.get(3)? })
}

impl Store {
    /// Keeps an application's file, in place of an older one of that name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_app(&self, app: &AppRow) -> Result<(), StoreError> {
        let write = || {
            let transaction = self.change()?;
            transaction.execute(
                "INSERT INTO apps (name, text, policy, changed_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (name) DO UPDATE SET text = ?2, policy = ?3, changed_at = ?4",
                params![app.name, app.text, app.policy, app.changed_at],
            )?;
            super::feed::event(&transaction, app.changed_at, &app.name, "app", &app.name)?;
            transaction.commit()
        };
        write().map_err(self.failed())
    }

    /// All applications, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn apps(&self) -> Result<Vec<AppRow>, StoreError> {
        self.rows("SELECT name, text, policy, changed_at FROM apps ORDER BY name", [], app_row)
    }

    /// One application.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn app(&self, name: &str) -> Result<Option<AppRow>, StoreError> {
        let query = "SELECT name, text, policy, changed_at FROM apps WHERE name = ?1";
        self.db.query_row(query, [name], app_row).optional().map_err(self.failed())
    }

    /// Looks after an application no longer. Its runs, plans and ledger stay. False: there was none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_app(&self, name: &str, now: i64) -> Result<bool, StoreError> {
        let write = || {
            let transaction = self.change()?;
            let gone = transaction.execute("DELETE FROM apps WHERE name = ?1", [name])? > 0;
            if gone {
                super::feed::event(&transaction, now, name, "app", name)?;
            }
            transaction.commit().map(|()| gone)
        };
        write().map_err(self.failed())
    }

    /// Keeps a plan. One with the same digest stays as it is, with what was decided about it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_plan(&self, plan: &PlanRow) -> Result<(), StoreError> {
        let write = || {
            let transaction = self.change()?;
            let new = transaction.execute(
                "INSERT OR IGNORE INTO plans (digest, app, document, reason, state, made_at, decided_at, decided_by)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    plan.digest,
                    plan.app,
                    plan.document,
                    plan.reason,
                    plan.state.as_str(),
                    plan.made_at,
                    plan.decided_at,
                    plan.decided_by
                ],
            )? > 0;
            if new {
                super::feed::event(&transaction, plan.made_at, &plan.app, "plan", &plan.digest)?;
            }
            transaction.commit()
        };
        write().map_err(self.failed())
    }

    /// One plan.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn plan(&self, digest: &str) -> Result<Option<PlanRow>, StoreError> {
        let query = format!("SELECT {PLAN} FROM plans WHERE digest = ?1");
        self.db.query_row(&query, [digest], plan_row).optional().map_err(self.failed())
    }

    /// Plans whose digest begins so, two at most; nothing but hexadecimal digits begins one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn plans_like(&self, digits: &str) -> Result<Vec<PlanRow>, StoreError> {
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(Vec::new());
        }
        let query = format!("SELECT {PLAN} FROM plans WHERE digest GLOB ?1 || '*' ORDER BY digest LIMIT 2");
        self.rows(&query, [digits.to_ascii_lowercase()], plan_row)
    }

    /// The newest plans, newest first: of one application, or of all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn plans(&self, app: Option<&str>, most: u32) -> Result<Vec<PlanRow>, StoreError> {
        let query =
            format!("SELECT {PLAN} FROM plans WHERE ?1 IS NULL OR app = ?1 ORDER BY made_at DESC, digest LIMIT ?2");
        self.rows(&query, params![app, most], plan_row)
    }

    /// Plans of an application that wait for a decision, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting_plans(&self, app: &str) -> Result<Vec<PlanRow>, StoreError> {
        let query =
            format!("SELECT {PLAN} FROM plans WHERE app = ?1 AND state = 'waiting' ORDER BY made_at DESC, digest");
        self.rows(&query, [app], plan_row)
    }

    /// Says that plans of an application need no decision any more, since something else is better now; all that wait but
    /// one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn supersede_plans(&self, app: &str, but: Option<&str>, now: i64) -> Result<(), StoreError> {
        let write = || {
            let transaction = self.change()?;
            let gone = transaction.execute(
                "UPDATE plans SET state = 'superseded', decided_at = ?3
                 WHERE app = ?1 AND state = 'waiting' AND digest IS NOT ?2",
                params![app, but, now],
            )?;
            if gone > 0 {
                super::feed::event(&transaction, now, app, "plan", "")?;
            }
            transaction.commit()
        };
        write().map_err(self.failed())
    }

    /// Decides about a plan that waits. False: it does not wait (any longer).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn decide_plan(&self, digest: &str, approve: bool, by: &str, now: i64) -> Result<bool, StoreError> {
        let state = if approve { PlanState::Approved } else { PlanState::Rejected };
        let write = || {
            let transaction = self.change()?;
            let done = transaction.execute(
                "UPDATE plans SET state = ?2, decided_at = ?3, decided_by = ?4 WHERE digest = ?1 AND state = 'waiting'",
                params![digest, state.as_str(), now, by],
            )? > 0;
            if done {
                let app: String =
                    transaction.query_row("SELECT app FROM plans WHERE digest = ?1", [digest], |row| row.get(0))?;
                super::feed::event(&transaction, now, &app, "plan", digest)?;
            }
            transaction.commit().map(|()| done)
        };
        write().map_err(self.failed())
    }
}
