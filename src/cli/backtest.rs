//! `placer backtest`: recorded prices and applications in; never moving, always moving, a policy and the clairvoyant out.

use super::args::ReportFormat;
use super::failure::Failure;
use super::market_args::BacktestArgs;
use super::text::{Grid, Look, Side};
use super::{input, policy};
use crate::app::App;
use crate::catalog::PriceBook;
use crate::control::backtest::generate;
use crate::control::backtest::ground::Ground;
use crate::control::backtest::recording::{Reader, Recording};
use crate::control::backtest::run::{Tried, all};
use crate::market::Rules;
use crate::policy::Approval;
use crate::problem::names;
use crate::units::{Money, format_scaled};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// Most bytes of a file of prices, after it was unpacked.
const PRICES_BYTES_MAX: u64 = 1 << 30;
/// Most applications.
const APPS_MAX: u64 = 100_000;

/// An application's row. Money is US dollars over the whole recorded time, exact; `null`: it could not be replayed.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Row {
    app: String,
    never_move_usd: Option<serde_json::Number>,
    always_move_usd: Option<serde_json::Number>,
    policy_usd: Option<serde_json::Number>,
    clairvoyant_usd: Option<serde_json::Number>,
    /// No schedule costs less; equal to `clairvoyant_usd` when that is proven.
    clairvoyant_bound_usd: Option<serde_json::Number>,
    moves: usize,
    clairvoyant_moves: usize,
    /// What the policy costs more than the clairvoyant.
    regret_usd: Option<serde_json::Number>,
    /// Why it could not be replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// All applications together.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Summary {
    apps: usize,
    /// Applications that could not be replayed; they are in no sum.
    skipped: usize,
    days: i64,
    policy: String,
    never_move_usd: serde_json::Number,
    always_move_usd: serde_json::Number,
    policy_usd: serde_json::Number,
    clairvoyant_usd: serde_json::Number,
    moves: usize,
    clairvoyant_moves: usize,
    /// Percent of what the clairvoyant saves against never moving that the policy saves, cut after two digits; `null`: there is
    /// nothing to save.
    captured_pct: Option<serde_json::Number>,
    /// The application that the policy made dearest against never moving, in percent; negative: all became cheaper.
    worst_app: Option<String>,
    worst_pct: Option<serde_json::Number>,
    /// Clairvoyant figures that are proven.
    proven: usize,
}

/// The report.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Report {
    apps: Vec<Row>,
    summary: Summary,
}

/// Runs the command.
pub fn run(args: &BacktestArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let book = input::book(args.book.price_book.as_deref())?;
    let mut rules = policy::read(&args.policy, &book)?;
    // Nobody is there to approve anything.
    rules.moves.approval = Approval::Auto;
    let (names, apps) = apps(args, &book)?;
    let recording = prices(&args.prices)?;
    let stand_s = rules.moves.price_stands_hours_min.saturating_mul(3_600);
    let ground = Ground::of(&recording, &book, &Rules { stand_s, ..Rules::default() });
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.jobs.map_or(threads, |jobs| usize::from(jobs.get()));
    let bar = bar(apps.len());
    let tried = all(&apps, &recording, &ground, &rules, threads, &|| bar.inc(1));
    bar.finish_and_clear();
    let report = report(&rules.name, recording.hours() / 24, names, &tried);
    match args.format {
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &report)?;
            writeln!(out)?;
        }
        ReportFormat::Table => out.write_all(table(&report, Look::of_stdout()).as_bytes())?,
        ReportFormat::Markdown => out.write_all(table(&report, Look::markdown()).as_bytes())?,
    }
    Ok(())
}

fn bar(apps: usize) -> ProgressBar {
    let target = if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(apps as u64), target);
    bar.with_style(
        ProgressStyle::with_template("{bar:40} {pos} of {len}").unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

/// The applications with their names: those of a folder, or generated ones.
fn apps(args: &BacktestArgs, book: &PriceBook) -> Result<(Vec<String>, Vec<App>), Failure> {
    let known = names(book);
    let texts: Vec<(String, Vec<u8>)> = match (&args.apps, args.generate) {
        (Some(folder), _) => folder_of(folder)?,
        (None, Some(count)) if count <= APPS_MAX => {
            (0..count).map(|n| (format!("app-{n:04}"), generate::app(args.seed, n).into_bytes())).collect()
        }
        (None, Some(_)) => return Err(Failure::Input(format!("--generate takes at most {APPS_MAX}"))),
        (None, None) => return Err(Failure::Input("give --apps DIR, or --generate N".into())),
    };
    let (mut names, mut apps) = (Vec::new(), Vec::new());
    for (file, text) in texts {
        let app = crate::app::parse_app(&text, &file, &known).map_err(Failure::input)?;
        names.push(app.name.clone());
        apps.push(app);
    }
    Ok((names, apps))
}

fn folder_of(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let unreadable = |error: io::Error| Failure::Input(format!("cannot read `{}`: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(Failure::Input(format!("there is no application (*.toml) in `{}`", folder.display())));
    }
    paths.into_iter().map(|path| Ok((path.display().to_string(), input::app_bytes(&path)?))).collect()
}

/// The recorded prices of a folder: `PROVIDER-spot.csv` and `on-demand.csv`, each also packed as `.zst`.
fn prices(folder: &Path) -> Result<Recording, Failure> {
    let unreadable = |error: io::Error| Failure::Input(format!("cannot read `{}`: {error}", folder.display()));
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let (mut reader, mut spot, mut on_demand) = (Reader::default(), 0, 0);
    for name in &names {
        let stem = name.strip_suffix(".zst").unwrap_or(name);
        let path = folder.join(name);
        let shown = path.display().to_string();
        if let Some(provider) = stem.strip_suffix("-spot.csv") {
            reader.spot(provider, &shown, &unpacked(&path)?).map_err(Failure::input)?;
            spot += 1;
        } else if stem == "on-demand.csv" {
            reader.on_demand(&shown, &unpacked(&path)?).map_err(Failure::input)?;
            on_demand += 1;
        }
    }
    if spot == 0 || on_demand != 1 {
        return Err(Failure::Input(format!(
            "`{}` needs one `on-demand.csv` and at least one `PROVIDER-spot.csv` (each also as .zst); there are {on_demand} \
             and {spot} (docs/backtest.md describes them)",
            folder.display()
        )));
    }
    let recording = reader.finish(None, None);
    if recording.periods.is_empty() {
        return Err(Failure::Input(format!("no price was recorded in `{}`", folder.display())));
    }
    Ok(recording)
}

/// The bytes of a file, unpacked where its name says that it is packed.
fn unpacked(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Input(format!("cannot read `{}`: {error}", path.display()));
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    let read = if path.extension().is_some_and(|ending| ending == "zst") {
        let unpacking = ruzstd::decoding::StreamingDecoder::new(file).map_err(|error| failed(&error))?;
        unpacking.take(PRICES_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        file.take(PRICES_BYTES_MAX + 1).read_to_end(&mut bytes)
    };
    read.map_err(|error| failed(&error))?;
    if bytes.len() as u64 > PRICES_BYTES_MAX {
        return Err(failed(&format!("it is larger than {} MiB", PRICES_BYTES_MAX >> 20)));
    }
    Ok(bytes)
}

/// Exact dollars as a JSON number.
fn usd(nanos: i64) -> serde_json::Number {
    let text = Money::from_nanos(nanos).to_decimal();
    text.parse().unwrap_or_else(|_| serde_json::Number::from(0))
}

/// Hundredths of a percent, cut, as a JSON number.
fn percent(part: i128, whole: i128) -> Option<(i64, serde_json::Number)> {
    let hundredths = i64::try_from((part * 10_000).checked_div(whole)?).ok()?;
    let text = format_scaled(hundredths, 2, 0);
    Some((hundredths, text.parse().ok()?))
}

fn report(policy: &str, days: i64, names: Vec<String>, tried: &[Result<Tried, String>]) -> Report {
    let good: Vec<&Tried> = tried.iter().flatten().collect();
    let sum = |of: fn(&Tried) -> i64| good.iter().map(|t| i128::from(of(t))).sum::<i128>();
    let (never, by_policy, best) = (sum(|t| t.never), sum(|t| t.policy), sum(|t| t.clairvoyant));
    let total = |nanos: i128| usd(i64::try_from(nanos).unwrap_or(i64::MAX));
    let worse = |t: &Tried| percent(i128::from(t.policy) - i128::from(t.never), i128::from(t.never));
    let worst = names.iter().zip(tried).filter_map(|(name, t)| Some((worse(t.as_ref().ok()?)?, name)));
    let worst = worst.max_by(|((a, _), x), ((b, _), y)| a.cmp(b).then_with(|| y.cmp(x)));
    let summary = Summary {
        apps: good.len(),
        skipped: tried.len() - good.len(),
        days,
        policy: policy.to_owned(),
        never_move_usd: total(never),
        always_move_usd: total(sum(|t| t.always)),
        policy_usd: total(by_policy),
        clairvoyant_usd: total(best),
        moves: good.iter().map(|t| t.moves).sum(),
        clairvoyant_moves: good.iter().map(|t| t.clairvoyant_moves).sum(),
        captured_pct: percent(never - by_policy, never - best).map(|(_, number)| number),
        worst_app: worst.as_ref().map(|(_, name)| (*name).clone()),
        worst_pct: worst.map(|((_, number), _)| number),
        proven: good.iter().filter(|t| t.clairvoyant == t.clairvoyant_bound).count(),
    };
    Report { apps: names.into_iter().zip(tried).map(row).collect(), summary }
}

fn row((app, tried): (String, &Result<Tried, String>)) -> Row {
    let figure = |of: fn(&Tried) -> i64| tried.as_ref().ok().map(|t| usd(of(t)));
    Row {
        app,
        never_move_usd: figure(|t| t.never),
        always_move_usd: figure(|t| t.always),
        policy_usd: figure(|t| t.policy),
        clairvoyant_usd: figure(|t| t.clairvoyant),
        clairvoyant_bound_usd: figure(|t| t.clairvoyant_bound),
        moves: tried.as_ref().map_or(0, |t| t.moves),
        clairvoyant_moves: tried.as_ref().map_or(0, |t| t.clairvoyant_moves),
        regret_usd: figure(|t| t.policy - t.clairvoyant),
        error: tried.as_ref().err().cloned(),
    }
}

/// Dollars without their fractions below a cent.
fn shown(number: Option<&serde_json::Number>) -> String {
    let money = number.and_then(|number| Money::parse(&number.to_string()).ok());
    money.map(|money| money.to_string()).unwrap_or_default()
}

fn table(report: &Report, look: Look) -> String {
    let head = ["application", "never", "always", "policy", "clairvoyant", "moves", "clairvoyant's", "remarks"];
    let side = |name| (name, if matches!(name, "application" | "remarks") { Side::Left } else { Side::Right });
    let mut grid = Grid::new(look, &head.map(side));
    for row in &report.apps {
        let proven = row.clairvoyant_usd == row.clairvoyant_bound_usd;
        let remark = row.error.clone().unwrap_or_else(|| if proven { String::new() } else { "not proven".into() });
        grid.row([
            row.app.clone(),
            shown(row.never_move_usd.as_ref()),
            shown(row.always_move_usd.as_ref()),
            shown(row.policy_usd.as_ref()),
            shown(row.clairvoyant_usd.as_ref()),
            row.moves.to_string(),
            row.clairvoyant_moves.to_string(),
            remark,
        ]);
    }
    let s = &report.summary;
    grid.strong_row([
        "total".into(),
        shown(Some(&s.never_move_usd)),
        shown(Some(&s.always_move_usd)),
        shown(Some(&s.policy_usd)),
        shown(Some(&s.clairvoyant_usd)),
        s.moves.to_string(),
        s.clairvoyant_moves.to_string(),
        String::new(),
    ]);
    let mut text = grid.render();
    let or_none = |number: Option<&serde_json::Number>| number.map_or_else(|| "-".to_owned(), ToString::to_string);
    text += &look.bullet(&format!(
        "{} applications over {} days, {} skipped; {} of {} clairvoyant figures are proven",
        s.apps, s.days, s.skipped, s.proven, s.apps
    ));
    text += &look.bullet(&format!(
        "policy `{}` captures {} % of what the clairvoyant saves; the worst application ({}) costs {} % more than never \
         moving",
        s.policy,
        or_none(s.captured_pct.as_ref()),
        s.worst_app.as_deref().unwrap_or("-"),
        or_none(s.worst_pct.as_ref())
    ));
    text
}
