//! Who may use the API. A token itself is never kept: only its SHA-256.

use super::{Store, StoreError};
use rusqlite::{Row, params};

/// What a token lets its holder do. Each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads everything.
    Viewer,
    /// Gives applications, makes plans, decides about them, and handles runs.
    Operator,
    /// Takes applications away and changes policies.
    Admin,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The word used in the database, on the screen and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its name; part of the token, and no secret.
    pub id: String,
    /// SHA-256 of the whole token, lower-case hex.
    pub hash: String,
    /// What it lets its holder do.
    pub role: Role,
    /// Whose it is, in words.
    pub note: String,
    /// When it was made, in seconds since 1970.
    pub made_at: i64,
    /// When it ends; `None`: never.
    pub expires_at: Option<i64>,
    /// When it was taken back; `None`: it was not.
    pub revoked_at: Option<i64>,
}

impl TokenRow {
    /// Whether it opens anything at a moment.
    #[must_use]
    pub fn is_good(&self, now: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

impl Store {
    /// Keeps a token.
    ///
    /// # Errors
    /// [`StoreError`]; also when there is one with the same id or hash.
    pub fn put_token(&self, token: &TokenRow) -> Result<(), StoreError> {
        let TokenRow { id, hash, role, note, made_at, expires_at, revoked_at } = token;
        let put = "INSERT INTO tokens (id, hash, role, note, made_at, expires_at, revoked_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let values = params![id, hash, role.as_str(), note, made_at, expires_at, revoked_at];
        self.db.execute(put, values).map(|_| ()).map_err(self.failed())
    }

    /// All tokens, oldest first, also those that have ended or were taken back.
    ///
    /// # Errors
    /// [`StoreError`]; also for a role that this program does not know, which must not be taken for another one.
    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        let token = |row: &Row<'_>| {
            let role: String = row.get(2)?;
            let unknown = || rusqlite::Error::InvalidColumnType(2, "role".to_owned(), rusqlite::types::Type::Text);
            Ok(TokenRow {
                id: row.get(0)?,
                hash: row.get(1)?,
                role: Role::parse(&role).ok_or_else(unknown)?,
                note: row.get(3)?,
                made_at: row.get(4)?,
                expires_at: row.get(5)?,
                revoked_at: row.get(6)?,
            })
        };
        let query = "SELECT id, hash, role, note, made_at, expires_at, revoked_at FROM tokens ORDER BY made_at, id";
        self.rows(query, [], token)
    }

    /// Takes a token back, for good. False: there is none of this name; one that was taken back before stays so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn revoke_token(&self, id: &str, now: i64) -> Result<bool, StoreError> {
        let revoke = "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1";
        self.db.execute(revoke, params![id, now]).map(|rows| rows > 0).map_err(self.failed())
    }
}
