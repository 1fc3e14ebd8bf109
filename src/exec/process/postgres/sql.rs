//! Connections to PostgreSQL that whoever waits for them can leave.

use super::super::failures::passing;
use super::super::guard::Patience;
use crate::exec::Failure;
use postgres::{Client, Config, NoTls, SimpleQueryMessage};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How often whoever waits is asked whether to go on.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Settings that make a value's text the same on both sides.
const SETTINGS: &str = "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c bytea_output=hex \
                        -c extra_float_digits=1 -c client_min_messages=warning -c search_path=pg_catalog";

/// A row as text.
pub type Row = Vec<Option<String>>;

/// Why something was not done.
#[derive(Clone, Debug)]
pub enum SqlError {
    /// PostgreSQL says why: SQLSTATE (empty: it did not answer at all) and words.
    Said {
        /// SQLSTATE.
        code: String,
        /// Words.
        text: String,
    },
    /// Nobody waits any more.
    Left(Failure),
}

impl SqlError {
    /// Whether it has one of these SQLSTATEs.
    pub fn is(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Said { code, .. } if codes.contains(&code.as_str()))
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Said { text, .. } => passing(format!("PostgreSQL: {text}")),
            SqlError::Left(failure) => failure,
        }
    }
}

impl From<postgres::Error> for SqlError {
    fn from(error: postgres::Error) -> Self {
        match error.as_db_error() {
            Some(said) => {
                let detail = said.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
                Self::Said { code: said.code().code().to_owned(), text: format!("{}{detail}", said.message()) }
            }
            None => Self::Said { code: String::new(), text: error.to_string() },
        }
    }
}

/// Whom to connect to.
#[derive(Clone, Debug)]
pub struct Login {
    /// Port on this machine.
    pub port: u16,
    /// Role.
    pub user: &'static str,
    /// Its password.
    pub password: String,
    /// Database.
    pub database: &'static str,
}

/// A connection.
pub struct Db<'a> {
    client: Option<Client>,
    patience: &'a dyn Patience,
}

impl<'a> Db<'a> {
    /// Connects.
    ///
    /// # Errors
    /// What PostgreSQL says, or that nobody waits any more.
    pub fn connect(login: &Login, patience: &'a dyn Patience) -> Result<Self, SqlError> {
        let mut config = Config::new();
        config.host("127.0.0.1").port(login.port).user(login.user).password(&login.password).dbname(login.database);
        config.connect_timeout(CONNECT_MAX).options(SETTINGS).application_name("placer");
        let client = apart(patience, move || config.connect(NoTls), || {})??;
        Ok(Self { client: Some(client), patience })
    }

    /// Carries out statements, and gives the rows of those that have some.
    ///
    /// # Errors
    /// What PostgreSQL says, or that nobody waits any more: then the statement is cancelled, and the connection is of no use.
    pub fn rows(&mut self, sql: impl Into<String>) -> Result<Vec<Row>, SqlError> {
        let sql = sql.into();
        let Some(mut client) = self.client.take() else {
            return Err(SqlError::Said { code: String::new(), text: "the connection was given up".into() });
        };
        let cancel = client.cancel_token();
        let work = move || {
            let said = client.simple_query(&sql);
            (client, said)
        };
        // A server that hangs does not even take a cancellation: that is not waited for.
        let give_up = || drop(thread::spawn(move || drop(cancel.cancel_query(NoTls))));
        let (client, said) = apart(self.patience, work, give_up)?;
        self.client = Some(client);
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect()),
            _ => None,
        };
        Ok(said?.into_iter().filter_map(row).collect())
    }

    /// Carries out statements.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub fn run(&mut self, sql: impl Into<String>) -> Result<(), SqlError> {
        self.rows(sql).map(drop)
    }

    /// The first value of the first row; `None`: there is none, or it is null.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub fn value(&mut self, sql: impl Into<String>) -> Result<Option<String>, SqlError> {
        Ok(self.rows(sql)?.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
    }

    /// Whether a query has a row.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub fn has(&mut self, sql: impl Into<String>) -> Result<bool, SqlError> {
        Ok(!self.rows(sql)?.is_empty())
    }
}

/// Does something in a thread of its own, and leaves it to itself when nobody waits any more.
fn apart<T: Send + 'static>(
    patience: &dyn Patience,
    work: impl FnOnce() -> T + Send + 'static,
    give_up: impl FnOnce(),
) -> Result<T, SqlError> {
    let (sender, receiver) = channel();
    // The thread ends when the server answers or closes the connection; nobody takes its answer then.
    thread::spawn(move || drop(sender.send(work())));
    loop {
        match receiver.recv_timeout(LOOK_EVERY) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(failure) = patience.pause(Duration::ZERO) {
                    give_up();
                    return Err(SqlError::Left(failure));
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(SqlError::Said { code: String::new(), text: "the connection was lost".into() });
            }
        }
    }
}

/// A text as SQL writes it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
