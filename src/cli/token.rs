//! `placer token`: who may use the API.

use super::args::ListFormat;
use super::carry::scene;
use super::failure::Failure;
use super::lists;
use super::serve_args::{CreateArgs, RevokeArgs, RoleWord, TokenCommand, TokenListArgs};
use super::text::{Grid, Look, Side, moment};
use crate::api::auth::mint;
use crate::control::{Clock, SystemClock};
use crate::store::{Role, TokenRow};
use serde::Serialize;
use std::io::Write;

/// Longest life of a token that ends, in seconds: ten years.
const LIFE_MAX: i64 = 10 * 366 * 86_400;
/// Most characters of a note.
const NOTE_MAX: usize = 200;

/// Runs the command.
pub fn run(command: &TokenCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        TokenCommand::Create(args) => create(args, out),
        TokenCommand::List(args) => list(args, out),
        TokenCommand::Revoke(args) => revoke(args, out),
    }
}

fn create(args: &CreateArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if args.note.chars().count() > NOTE_MAX || args.note.contains(char::is_control) {
        return Err(Failure::Input(format!("--note is a line of at most {NOTE_MAX} characters")));
    }
    let now = SystemClock.now();
    let expires_at = args.expires.as_deref().map(life).transpose()?.map(|life| now + life);
    let role = match args.role {
        RoleWord::Viewer => Role::Viewer,
        RoleWord::Operator => Role::Operator,
        RoleWord::Admin => Role::Admin,
    };
    let store = scene::store(args.store.as_deref())?;
    let (token, row) = mint(role, &args.note, now, expires_at).map_err(Failure::other)?;
    store.put_token(&row).map_err(Failure::other)?;
    writeln!(out, "{token}")?;
    // Standard output has the token alone, so that a script can keep it.
    out.flush()?;
    let told = format!("token {} ({}){}: it is shown this once\n", row.id, role.as_str(), end(&row));
    let _ = std::io::stderr().lock().write_all(told.as_bytes());
    Ok(())
}

fn end(row: &TokenRow) -> String {
    row.expires_at.map(|at| format!(", ends {}", moment(at))).unwrap_or_default()
}

/// Seconds of a time like `12h`, `30d` or `1y`.
fn life(text: &str) -> Result<i64, Failure> {
    let wrong = || Failure::Input(format!("--expires `{text}` is not a time like 12h, 30d or 1y, up to ten years"));
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let from = jiff::civil::date(2026, 1, 1);
    let seconds = span.to_duration(from).map_err(|_| wrong())?.as_secs();
    if (1..=LIFE_MAX).contains(&seconds) { Ok(seconds) } else { Err(wrong()) }
}

#[derive(Serialize)]
struct Row {
    id: String,
    role: &'static str,
    state: &'static str,
    made: String,
    ends: Option<String>,
    note: String,
}

const HEADING: [&str; 6] = ["id", "role", "state", "made", "ends", "note"];

fn list(args: &TokenListArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let now = SystemClock.now();
    let row = |token: TokenRow| Row {
        role: token.role.as_str(),
        state: match (token.revoked_at, token.is_good(now)) {
            (Some(_), _) => "revoked",
            (None, true) => "good",
            (None, false) => "expired",
        },
        made: moment(token.made_at),
        ends: token.expires_at.map(moment),
        id: token.id,
        note: token.note,
    };
    let tokens = scene::store(args.store.as_deref())?.tokens().map_err(Failure::other)?;
    let rows: Vec<Row> = tokens.into_iter().map(row).collect();
    let texts = |row: &Row| {
        let ends = row.ends.clone().unwrap_or_else(|| "never".to_owned());
        [row.id.clone(), row.role.to_owned(), row.state.to_owned(), row.made.clone(), ends, row.note.clone()]
    };
    match args.format {
        ListFormat::Json => lists::json(rows.iter(), out),
        ListFormat::Csv => lists::csv(&HEADING, rows.iter().map(texts), out),
        ListFormat::Table if rows.is_empty() => {
            Ok(writeln!(out, "no token was made: `placer serve` is open to this machine, and to no other")?)
        }
        ListFormat::Table => {
            let mut grid = Grid::new(Look::of_stdout(), &HEADING.map(|name| (name, Side::Left)));
            for row in &rows {
                grid.row(texts(row));
            }
            Ok(out.write_all(grid.render().as_bytes())?)
        }
    }
}

fn revoke(args: &RevokeArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let store = scene::store(args.store.as_deref())?;
    if store.revoke_token(&args.id, SystemClock.now()).map_err(Failure::other)? {
        return Ok(writeln!(out, "token {} opens nothing any more", args.id)?);
    }
    let known = store.tokens().map_err(Failure::other)?;
    Err(super::nearest::unknown("token", &args.id, known.iter().map(|token| token.id.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_times_of_people() {
        for (text, seconds) in [("12h", 43_200), ("30d", 2_592_000), ("1y", 31_536_000), ("90m", 5_400)] {
            assert_eq!(life(text).unwrap(), seconds, "{text}");
        }
        for bad in ["", "0s", "-1d", "30", "11y", "soon", "9999999999d"] {
            assert!(life(bad).is_err(), "{bad}");
        }
    }
}
