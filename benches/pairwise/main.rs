//! Pairwise problems: generator, files for the peers, and how long solves take. `cargo bench --bench pairwise -- help`.

#![allow(clippy::print_stdout, reason = "a table for people is what it is for")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "it measures"
)]

mod forms;
mod generate;
mod ticks;

use generate::{FAMILIES, Wish, generate};
use placer::solve::Status;
use placer::solve::pairwise::{Limits, solve};
use std::time::Instant;

fn option(name: &str) -> Option<String> {
    let args: Vec<String> = std::env::args().collect();
    args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned()
}

fn sizes() -> Vec<(usize, usize)> {
    let text = option("--size").unwrap_or_else(|| "10x50,30x100,100x150,300x200".to_owned());
    let size = |s: &str| {
        let (n, l) = s.split_once('x').expect("a size is COMPONENTSxPLACES");
        (n.parse().expect("components"), l.parse().expect("places"))
    };
    text.split(',').map(size).collect()
}

fn numbers(name: &str, default: &str) -> Vec<f64> {
    let text = option(name).unwrap_or_else(|| default.to_owned());
    text.split(',').map(|s| s.parse().expect("a number")).collect()
}

fn wishes() -> Vec<Wish> {
    let family = option("--family").unwrap_or_else(|| "cloud".to_owned());
    let seeds = option("--seeds").map_or(10, |s| s.parse().expect("a number of seeds"));
    let seed: Option<u64> = option("--seed").map(|s| s.parse().expect("a seed"));
    let mut wishes = Vec::new();
    for (components, places) in sizes() {
        for degree in numbers("--degree", "2.3,4,6") {
            for seed in seed.map_or(1..seeds + 1, |seed| seed..seed + 1) {
                wishes.push(Wish { family: family.clone(), components, places, degree, seed });
            }
        }
    }
    wishes
}

/// Size and degree, and per seed: milliseconds, nodes, whether proven, gap in millionths.
type Group = ((String, String), Vec<(f64, u64, bool, i64)>);

fn table() {
    let seconds: f64 = option("--seconds").map_or(20.0, |s| s.parse().expect("seconds"));
    println!(
        "{:<12} {:>8} {:>6} {:>6} {:>10} {:>10} {:>10} {:>10}",
        "family", "size", "degree", "proven", "median ms", "worst ms", "most nodes", "gap ppm"
    );
    let mut groups: Vec<Group> = Vec::new();
    for wish in wishes() {
        let network = generate(&wish);
        let cpu = cpu_ms();
        let start = Instant::now();
        let cancel = || start.elapsed().as_secs_f64() > seconds;
        let outcome = solve(&network, &Limits { cancel: Some(&cancel), ..Limits::default() });
        let wall = start.elapsed().as_secs_f64() * 1e3;
        let cpu = cpu_ms() - cpu;
        let ms = if option("--clock").as_deref() == Some("cpu") && cpu > 0.0 { cpu } else { wall };
        let proven = matches!(outcome.status, Status::Optimal | Status::Infeasible);
        let gap = if proven {
            0
        } else {
            (i128::from(outcome.objective - outcome.lower_bound) * 1_000_000 / i128::from(outcome.objective.max(1)))
                as i64
        };
        if option("--each").is_some() {
            println!(
                "{wish:?} {ms:.3} {outcome_status:?} {} {} nodes {}",
                outcome.objective,
                outcome.lower_bound,
                outcome.nodes,
                outcome_status = outcome.status
            );
        }
        let key = (format!("{}x{}", wish.components, wish.places), wish.degree.to_string());
        match groups.last_mut().filter(|(known, _)| *known == key) {
            Some((_, runs)) => runs.push((ms, outcome.nodes, proven, gap)),
            None => groups.push((key, vec![(ms, outcome.nodes, proven, gap)])),
        }
    }
    let family = option("--family").unwrap_or_else(|| "cloud".to_owned());
    for ((size, degree), mut runs) in groups {
        runs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let proven = runs.iter().filter(|run| run.2).count();
        println!(
            "{family:<12} {size:>8} {degree:>6} {:>6} {:>10.3} {:>10.3} {:>10} {:>10}",
            format!("{proven}/{}", runs.len()),
            runs[runs.len() / 2].0,
            runs[runs.len() - 1].0,
            runs.iter().map(|run| run.1).max().unwrap_or(0),
            runs.iter().map(|run| run.3).max().unwrap_or(0),
        );
    }
}

/// Milliseconds this thread has run: on a busy machine a better measure than the clock. 0 where Linux does not say.
fn cpu_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}

/// Per size and degree, all seeds together: what certified ticks and clearings take, by kind and all together.
fn tick_table() {
    let number = |name: &str, default: usize| option(name).map_or(default, |s| s.parse().expect("a number"));
    let (count, check, repeats) = (number("--count", 10_000), number("--check", 1), number("--repeats", 3));
    println!(
        "{:<8} {:>8} {:>6} {:>9} {:>7} {:>20} | {:>7} {:>9} {:>10} {:>10}",
        "family", "size", "degree", "kind", "ticks", "certified, median", "cleared", "median us", "p99 us", "most us"
    );
    let mut left = wishes();
    while let Some(first) = left.first().cloned() {
        let same = |wish: &Wish| {
            (wish.components, wish.places, wish.degree.to_bits())
                == (first.components, first.places, first.degree.to_bits())
        };
        let (group, rest): (Vec<Wish>, Vec<Wish>) = left.into_iter().partition(same);
        left = rest;
        let mut all = vec![ticks::Measured::default(); ticks::KINDS.len() + 1];
        let mut unequal = 0;
        for wish in &group {
            let (measured, wrong) = ticks::run(wish, count, check, repeats.max(1));
            unequal += wrong;
            for (kind, more) in measured.into_iter().enumerate() {
                for to in [kind, ticks::KINDS.len()] {
                    all[to].certified.extend(&more.certified);
                    all[to].cleared.extend(&more.cleared);
                }
            }
        }
        let names = ticks::KINDS.iter().map(|kind| kind.0).chain(["all"]);
        for (name, kind) in names.zip(&mut all) {
            tick_row(&first, name, kind);
        }
        println!("{} seeds, {unequal} answers unequal to a solve from scratch", group.len());
    }
}

fn tick_row(wish: &Wish, name: &str, kind: &mut ticks::Measured) {
    kind.certified.sort_unstable();
    kind.cleared.sort_unstable();
    let us = |ns: &[u64], hundredth: usize| {
        ns.get((ns.len() * hundredth / 100).min(ns.len().saturating_sub(1))).map_or(0.0, |&ns| ns as f64 / 1e3)
    };
    let ticks = kind.certified.len() + kind.cleared.len();
    println!(
        "{:<8} {:>8} {:>6} {name:>9} {ticks:>7} {:>9.1}% {:>6.3} us | {:>7} {:>9.1} {:>10.1} {:>10.1}",
        wish.family,
        format!("{}x{}", wish.components, wish.places),
        wish.degree,
        100.0 * kind.certified.len() as f64 / ticks.max(1) as f64,
        us(&kind.certified, 50),
        kind.cleared.len(),
        us(&kind.cleared, 50),
        us(&kind.cleared, 99),
        us(&kind.cleared, 100),
    );
}

fn file(path: &str) {
    let text = std::fs::read_to_string(path).expect("a readable file");
    let network = forms::from_wcsp(&text);
    let start = Instant::now();
    let outcome = solve(&network, &Limits::default());
    let ms = start.elapsed().as_secs_f64() * 1e3;
    println!("{path}: {:?} {} in {ms:.2} ms, {} nodes", outcome.status, outcome.objective, outcome.nodes);
}

/// Writes the generated problems below a folder, as `FAMILY-SIZE-dDEGREE-sSEED.json` and `.wcsp`.
fn export(folder: &str) {
    std::fs::create_dir_all(folder).expect("the folder can be made");
    let format = option("--format").unwrap_or_else(|| "json,wcsp".to_owned());
    for wish in wishes() {
        let network = generate(&wish);
        let name =
            format!("{folder}/{}-{}x{}-d{}-s{}", wish.family, wish.components, wish.places, wish.degree, wish.seed);
        if format.contains("json") {
            std::fs::write(format!("{name}.json"), forms::to_json(&network)).expect("the file can be written");
        }
        if format.contains("wcsp") {
            std::fs::write(format!("{name}.wcsp"), forms::to_wcsp(&network).0).expect("the file can be written");
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.first().map(String::as_str) {
        Some("table") => table(),
        Some("ticks") => tick_table(),
        Some("file") => file(args.get(1).expect("a path")),
        Some("export") => export(args.get(1).expect("a folder")),
        _ => println!(
            "pairwise table|ticks|export FOLDER|file F.wcsp [--family {}] [--size 30x100,..] [--degree 4,..] [--seed S|--seeds COUNT] [--seconds S] [--each y] [--clock cpu] [--format json,wcsp] [--count TICKS] [--check ONE_IN, 0 for none] [--repeats TIMES]",
            FAMILIES.join("|")
        ),
    }
}
