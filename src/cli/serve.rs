//! `placer serve`: the HTTP API and the dashboard.

use super::carry::autopilot::{Following, follow};
use super::carry::scene;
use super::failure::Failure;
use super::input;
use super::serve_args::{LogFormat, ServeArgs};
use crate::api::{Carry, Errand, Server, Settings, StartError, carry_out};
use crate::catalog::PriceBook;
use crate::control::SystemClock;
use crate::control::autopilot::News;
use crate::control::carrying::Carrier;
use crate::control::outcome::Refused;
use crate::exec::{Executor, Setting, open};
use crate::plan::Options;
use crate::store::Store;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tracing_subscriber::filter::LevelFilter;

/// Runs the command, until it is asked to end.
pub fn run(args: &ServeArgs, out: &mut dyn Write) -> Result<(), Failure> {
    log(args.log);
    let server = Server::open(settings(args)?).map_err(failed)?;
    let open = server.api().is_open(&server.api().last_seen());
    writeln!(out, "placer serves http://{}/", server.address())?;
    if open {
        writeln!(
            out,
            "it is open: everybody on this machine may do everything; `placer token create --role admin` closes it"
        )?;
    }
    out.flush()?;
    let Some(policy) = &args.autopilot else { return server.run(asked_to_end()).map_err(failed) };
    // A policy that cannot be read is an error now, not in the first round.
    super::policy::read(policy, &input::book(None)?)?;
    let folder = scene::store(args.store.as_deref())?.folder().to_owned();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| pilot(args, policy, &folder, &ended));
        let served = server.run(asked_to_end()).map_err(failed);
        ended.store(true, Ordering::Relaxed);
        served
    })
}

/// The autopilot beside the server, until that has ended; its news are in the log.
fn pilot(args: &ServeArgs, policy: &str, store: &Path, ended: &AtomicBool) {
    let following = Following {
        store,
        policy,
        book: None,
        keep_hours: Options::default().keep_hours,
        dry_run: args.no_runs,
        every: Some(args.every),
        cancel: ended,
    };
    let mut told = |news: Result<&[News], &Failure>| {
        match news {
            Ok(news) => news.iter().for_each(|piece| {
                let news = serde_json::to_string(piece).unwrap_or_default();
                tracing::info!(target: "autopilot", %news);
            }),
            Err(failure) => tracing::warn!(target: "autopilot", %failure),
        }
        Ok(())
    };
    if let Err(failure) = follow(&following, &[], &mut told) {
        tracing::error!(target: "autopilot", %failure, "the autopilot has ended");
    }
}

fn failed(error: StartError) -> Failure {
    match error {
        StartError::Exposed { .. } | StartError::Listen { .. } => Failure::input(error),
        _ => Failure::other(error),
    }
}

fn log(format: LogFormat) {
    let log = tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(false).with_max_level(LevelFilter::INFO);
    // A second call, of which there is none, would change nothing.
    let _ = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        LogFormat::Quiet => log.with_max_level(LevelFilter::WARN).try_init(),
    };
}

fn settings(args: &ServeArgs) -> Result<Settings, Failure> {
    let folder: PathBuf = scene::store(args.store.as_deref())?.folder().to_owned();
    let usual = Settings::of(folder);
    Ok(Settings {
        listen: args.listen,
        hosts: args.host.clone(),
        nodes_max: args.nodes_max,
        solve_within: Duration::from_secs(args.solve_seconds),
        // An answer that waits for its turn and then for its search is still in time.
        answer_within: usual.answer_within.max(Duration::from_secs(args.solve_seconds * 2) + usual.solve_wait),
        solves_max: args.solves_max.map_or(usual.solves_max, usize::from),
        carry: (!args.no_runs).then(|| carry(args.executor.clone())),
        prepare: Arc::new(|book: &mut PriceBook| {
            if let Err(failure) = input::probed(book) {
                tracing::warn!(%failure, "the probes of this machine are left out");
            }
        }),
        ..usual
    })
}

async fn asked_to_end() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut end) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = end.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}

/// Does what the API asks for with the executor that an application has, or with the named one where it has none.
fn carry(usual: String) -> Arc<Carry> {
    Arc::new(move |store, errand, stop, tell| {
        let name = executor_of(store, errand)?.unwrap_or_else(|| usual.clone());
        let executor = executor(&name, store)?;
        let carrier = Carrier {
            store,
            executor: executor.as_ref(),
            clock: &SystemClock,
            cancel: stop,
            tell,
            retry_wait: scene::RETRY_WAIT,
        };
        carry_out(&carrier, errand)
    })
}

/// Who carries what an errand is about already.
fn executor_of(store: &Store, errand: &Errand) -> Result<Option<String>, Refused> {
    let Errand::Begin { plan, .. } = errand else {
        return Ok(store.plan_run(errand.about())?.map(|run| run.executor));
    };
    let Some(row) = store.plan(plan)? else { return Ok(None) };
    let there = store.deployment(&row.app)?.filter(|there| !there.placement.seats.is_empty());
    Ok(there.map(|there| there.executor))
}

fn executor(name: &str, store: &Store) -> Result<Box<dyn Executor>, Refused> {
    let failed = |failure| Refused::Executor { executor: name.to_owned(), failure };
    let program = std::env::current_exe().map_err(|error| {
        let what = format!("cannot find out where this program itself is: {error}");
        failed(crate::exec::Failure::new(crate::exec::FailureKind::Missing, what))
    })?;
    open(name, &Setting { folder: store.folder().join("executors"), program }).map_err(failed)
}
