//! `placer demo writer`: commits numbered rows one after the other, and notes each that was acknowledged, so that it can be
//! proven later that none was lost. Whatever happens to the database, it comes back and goes on with the row that it was at.

use crate::cli::failure::Failure;
use crate::cli::place::variable;
use postgres::Client;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Pause between two rows where none is stated, and before another attempt.
const PAUSE_MS: u64 = 20;
const RETRY: Duration = Duration::from_millis(50);

/// Writes until it is stopped.
pub fn run() -> Result<(), Failure> {
    let url = super::database()?;
    let pause = match variable("PAUSE_MS") {
        None => PAUSE_MS,
        Some(text) => text.parse().map_err(|_| Failure::Input(format!("PAUSE_MS `{text}` is no number")))?,
    };
    let log = variable("ACK_LOG").map(|path| {
        let open = OpenOptions::new().append(true).create(true).open(&path);
        open.map_err(|error| Failure::Other(format!("cannot open {path}: {error}")))
    });
    let mut log = log.transpose()?;
    let region = super::region();
    // Tells the rows of this process apart from those of any other.
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let writer = format!("{region}:{}:{started}", std::process::id());
    let mut client = None;
    for n in 1_i64.. {
        while let Err(error) = write(&mut client, &url, (&writer, n, &region)) {
            client = None;
            let _ = writeln!(std::io::stderr(), "row {n}: {error}");
            thread::sleep(RETRY);
        }
        if let Some(log) = &mut log {
            acknowledged(log, &writer, n)?;
        }
        thread::sleep(Duration::from_millis(pause));
    }
    Ok(())
}

/// Writes a row. It may have been committed although this fails: then the same row is written again, which changes nothing.
fn write(client: &mut Option<Client>, url: &str, row: (&str, i64, &str)) -> Result<(), postgres::Error> {
    let client = match client {
        Some(client) => client,
        none => {
            let mut new = super::connect(url)?;
            new.batch_execute(super::TABLE)?;
            none.insert(new)
        }
    };
    let (writer, n, region) = row;
    let insert = "INSERT INTO demo_rows (writer, n, region) VALUES ($1, $2, $3) ON CONFLICT (writer, n) DO NOTHING";
    client.execute(insert, &[&writer, &n, &region]).map(drop)
}

/// Notes an acknowledged row in one write, so that lines of several writers do not mix.
fn acknowledged(log: &mut File, writer: &str, n: i64) -> Result<(), Failure> {
    log.write_all(format!("{writer} {n}\n").as_bytes())
        .map_err(|error| Failure::Other(format!("cannot write the list of acknowledged rows: {error}")))
}
