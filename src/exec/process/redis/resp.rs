//! As much of Redis's protocol (RESP 2) as a handful of commands needs.

use super::super::failures::passing;
use crate::exec::Failure;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer may take. None of the commands is slow but for comparing, which takes longer on much data.
const ANSWER_MAX: Duration = Duration::from_millis(900);
/// Bytes of the longest answer: `INFO` has a few thousand.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Why a command was not answered well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisError {
    /// Redis says why (`WRONGPASS ...`, `LOADING ...`).
    Said(String),
    /// No answer.
    Silent(String),
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        match error {
            RedisError::Said(text) | RedisError::Silent(text) => passing(format!("Redis: {text}")),
        }
    }
}

impl From<io::Error> for RedisError {
    fn from(error: io::Error) -> Self {
        Self::Silent(error.to_string())
    }
}

/// A connection.
pub struct Redis {
    stream: BufReader<TcpStream>,
}

impl Redis {
    /// Connects and says who it is.
    ///
    /// # Errors
    /// What Redis says, or that it says nothing.
    pub fn connect(port: u16, user: &str, password: &str) -> Result<Self, RedisError> {
        let stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ANSWER_MAX)?;
        let mut redis = Self { stream: BufReader::new(stream) };
        redis.patience(ANSWER_MAX)?;
        redis.ask(&["AUTH", user, password])?;
        Ok(redis)
    }

    /// How long answers may take from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn patience(&self, time: Duration) -> Result<(), RedisError> {
        self.stream.get_ref().set_write_timeout(Some(time))?;
        Ok(self.stream.get_ref().set_read_timeout(Some(time))?)
    }

    /// Sends a command and gives its answer as text; nil and lists are empty.
    ///
    /// # Errors
    /// What Redis says, or that it says nothing.
    pub fn ask(&mut self, command: &[&str]) -> Result<String, RedisError> {
        let mut bytes = format!("*{}\r\n", command.len());
        for word in command {
            // Writing to a text does not fail.
            let _ = write!(bytes, "${}\r\n{word}\r\n", word.len());
        }
        self.stream.get_mut().write_all(bytes.as_bytes())?;
        let head = self.line()?;
        match (head.get(..1), head.get(1..).unwrap_or_default()) {
            (Some("+" | ":"), rest) => Ok(rest.to_owned()),
            (Some("-"), rest) => Err(RedisError::Said(rest.to_owned())),
            (Some("$"), "-1") | (Some("*"), "-1" | "0") => Ok(String::new()),
            (Some("$"), length) => self.bulk(length),
            _ => Err(RedisError::Silent(format!("an answer that is not understood: {head:?}"))),
        }
    }

    fn line(&mut self) -> Result<String, RedisError> {
        let mut line = String::new();
        (&mut self.stream).take(ANSWER_BYTES_MAX as u64).read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(RedisError::Silent("the connection was closed".into())),
        }
    }

    fn bulk(&mut self, length: &str) -> Result<String, RedisError> {
        let length = length.parse::<usize>().ok().filter(|length| *length <= ANSWER_BYTES_MAX);
        let length = length.ok_or_else(|| RedisError::Silent("an answer that is too long".into()))?;
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes)?;
        bytes.truncate(length);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What `INFO replication` says.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn replication(&mut self) -> Result<Replication, RedisError> {
        let text = self.ask(&["INFO", "replication"])?;
        let field = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim().to_owned())
        };
        let number = |name: &str| field(name).and_then(|text| text.parse().ok()).unwrap_or(0);
        let follows = field("role").is_some_and(|role| role == "slave");
        Ok(Replication {
            follows: follows.then(|| u16::try_from(number("master_port")).unwrap_or(0)),
            linked: field("master_link_status").is_some_and(|status| status == "up")
                && number("master_sync_in_progress") == 0,
            offset: if follows { number("slave_repl_offset") } else { number("master_repl_offset") },
        })
    }
}

/// Whom a server follows, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replication {
    /// Port of the server that it follows; `None`: it follows nobody.
    pub follows: Option<u16>,
    /// Whether it has all that there was when it began, and is connected.
    pub linked: bool,
    /// How much of the stream of changes it has.
    pub offset: u64,
}
