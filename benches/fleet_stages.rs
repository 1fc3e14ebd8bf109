//! How long each stage of a fleet takes for an application: `cargo bench --bench fleet_stages -- [APPS] [SEED] [STYLE] [ROUNDS] [FIRST]`.
//!
//! Random applications (`tests/support/fleet.rs`) go one after another through what `placer fleet recommend` does with
//! each. A round begins with empty caches of what applications share; of the rounds the least time of each application
//! and stage counts. Microseconds of the thread's own processor time where the system tells it (Linux), else of wall clock.
//! The last column is the ordinal of the slowest application; `FIRST` is the ordinal to begin with, to look at one alone.

#![allow(clippy::print_stdout, reason = "a tool for people at a terminal")]

#[path = "../tests/support/fleet.rs"]
mod fleet;

use placer::app::{Names, parse_app};
use placer::catalog::PriceBook;
use placer::policy::Policy;
use placer::problem::lower::{Lowerer, Options};
use placer::problem::{check, names, score};
use placer::solve::{Limits, solve};
use std::hint::black_box;
use std::time::Duration;

const STAGES: [&str; 6] = ["read", "lower", "solve", "write out", "check, score", "rest"];

/// Where the solver stands in [`STAGES`].
const SOLVE: usize = 2;

type Times = [f64; STAGES.len()];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let number = |at: usize, default| args.get(at).map_or(default, |text| text.parse().expect("a number"));
    let (apps, seed, rounds, first) = (number(0, 1000), number(1, 1), number(3, 3), number(4, 0));
    let style = args.get(2).map_or(Some(fleet::Style::Varied), |word| fleet::Style::parse(word));
    let style = style.expect("the style is plain, varied, bound or mixed");
    // Searching can take long: `SOLVE=1` adds it, and with it whatever needs an answer.
    let solves = std::env::var("SOLVE").as_deref() == Ok("1");
    let book = PriceBook::embedded().expect("the embedded book verifies");
    let texts: Vec<String> = (first..first + apps).map(|ordinal| fleet::app(&book, seed, ordinal, style)).collect();
    let names = names(&book);
    let mut best: Vec<Times> = vec![[f64::INFINITY; STAGES.len()]; texts.len()];
    for _ in 0..rounds.max(1) {
        let lowerer = Lowerer::new(&book);
        for (text, best) in texts.iter().zip(&mut best) {
            let times = through(text, &names, &lowerer, solves);
            best.iter_mut().zip(times).for_each(|(best, time)| *best = best.min(time));
        }
    }
    println!("{apps} applications {style:?}, seed {seed}, least of {rounds} rounds, microseconds");
    println!("{:>14} {:>9} {:>9} {:>9} {:>9} {:>9}", "", "mean", "median", "p99", "max", "slowest");
    for (stage, name) in STAGES.iter().enumerate() {
        line(name, best.iter().map(|times| times[stage]).collect(), first);
    }
    line("but for solve", best.iter().map(|times| times.iter().sum::<f64>() - times[SOLVE]).collect(), first);
}

/// One application through all stages.
fn through(text: &str, names: &Names, lowerer: &Lowerer, solves: bool) -> Times {
    let (policy, options) = (Policy::default(), Options::default());
    let mut clock = Clock { last: now(), times: [0.0; STAGES.len()], stage: 0 };
    let app = parse_app(text, "app.toml", names).expect("a valid application");
    clock.stop();
    let mut draft = lowerer.draft(&app, &policy, &options).expect("it lowers");
    clock.stop();
    if solves {
        let solution = solve(&draft.problem, &Limits::default());
        clock.stop();
        for (component, &choice) in solution.assignment.iter().enumerate() {
            draft.write_out(component, choice);
        }
        draft.write_out_today();
        clock.stop();
        black_box((check(&draft.problem, &solution.assignment), score(&draft.problem, &solution.assignment)));
        clock.stop();
    }
    clock.stage = STAGES.len() - 1;
    drop(draft);
    drop(app);
    clock.stop();
    clock.times
}

/// Processor time of this thread.
#[cfg(target_os = "linux")]
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().expect("not negative"), time.tv_nsec.try_into().expect("below a second"))
}

/// Time since the first call.
#[cfg(not(target_os = "linux"))]
fn now() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

/// Time by stage, in microseconds.
struct Clock {
    last: Duration,
    times: Times,
    stage: usize,
}

impl Clock {
    /// Ends a stage.
    fn stop(&mut self) {
        let now = now();
        self.times[self.stage] = now.saturating_sub(self.last).as_secs_f64() * 1e6;
        self.last = now;
        self.stage += 1;
    }
}

fn line(name: &str, mut times: Vec<f64>, first: u64) {
    let slowest = (first..).zip(&times).max_by(|a, b| a.1.total_cmp(b.1)).map_or(first, |(ordinal, _)| ordinal);
    times.sort_by(f64::total_cmp);
    let at = |part: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an ordinal"
        )]
        let ordinal = (part * (times.len() - 1) as f64) as usize;
        times[ordinal]
    };
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    println!("{name:>14} {mean:>9.1} {:>9.1} {:>9.1} {:>9.1} {slowest:>9}", at(0.5), at(0.99), at(1.0));
}
