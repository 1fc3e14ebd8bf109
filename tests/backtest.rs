//! `placer backtest` as people use it: sums written out by hand, what must hold for any application, and bad input.

#[path = "support/command.rs"]
mod command;
#[path = "support/small_book.rs"]
mod small_book;

use command::{placer, write};
use placer::catalog::PriceBook;
use placer::units::Purchase;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use tempfile::TempDir;

/// One machine, bought as spot. Its disk, 53 GB and 20 GB to boot from, adds 0.01 to every hour in Frankfurt, 0.009 in Ashburn.
const APP: &str = r#"version = 1
name = "crunch"

[[component]]
name = "work"
kind = "worker"
cpu = 2
memory_gib = 8
disk_gb = 53
purchase = ["spot"]
"#;

/// Ten days, ten days, one day. 11 January 2026 is a Sunday.
const SPOT: &str = "date,region,instance,spot_usd_hour
2026-01-01,eu-1,g1.large,0.04
2026-01-01,us-1,g1.large,0.05
2026-01-11,eu-1,g1.large,0.05
2026-01-11,us-1,g1.large,0.03
2026-01-21,eu-1,g1.large,0.02
";

const ON_DEMAND: &str = "provider,region,instance,on_demand_usd_hour
grand,eu-1,g1.large,0.1
grand,us-1,g1.large,0.09
";

/// Moves whatever pays for itself; `more` are further lines.
fn policy(more: &str) -> String {
    format!(
        "version = 1\nname = \"test\"\napproval = \"observe\"\n\n[move]\nsaving_usd_month_min = 1\nsaving_pct_min = 0\n\
         payback_hours_max = 720\nsaving_per_disruption_min = 0\ncool_down_hours = 0\nmoves_max = 100\nmoves_days = 7\n\
         price_age_hours_max = 48\nprice_stands_hours_min = 0\nstop_loss_usd = 1000\n{more}"
    )
}

/// A folder with the small book, recorded prices, an application and a policy.
fn folder(spot: &str, policy: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder, "book", small_book::sealed());
    write(&folder, "prices/grand-spot.csv", spot);
    write(&folder, "prices/on-demand.csv", ON_DEMAND);
    write(&folder, "apps/crunch.toml", APP);
    write(&folder, "policy.toml", policy);
    folder
}

const RUN: [&str; 9] =
    ["backtest", "--prices", "prices", "--apps", "apps", "--policy", "policy.toml", "--price-book", "book"];

fn run(folder: &TempDir, more: &[&str]) -> (String, String, i32) {
    placer(folder.path(), &[&RUN[..], more].concat())
}

/// The report of a folder.
fn report(folder: &TempDir) -> Value {
    let (out, err, code) = run(folder, &["--format", "json"]);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).expect("JSON")
}

/// What never moving, always moving, the policy and the clairvoyant cost, as written; and the moves of the last two.
fn figures(report: &Value) -> ([String; 4], [u64; 2]) {
    let row = &report["apps"][0];
    assert!(row["error"].is_null(), "{row}");
    let usd = ["never_move_usd", "always_move_usd", "policy_usd", "clairvoyant_usd"].map(|key| row[key].to_string());
    assert_eq!(row["clairvoyant_usd"], row["clairvoyant_bound_usd"]);
    (usd, ["moves", "clairvoyant_moves"].map(|key| row[key].as_u64().expect("a number")))
}

/// Never moving, Frankfurt all the time: 240 h at 0.05, 240 h at 0.06, 24 h at 0.03.
const NEVER: &str = "27.12";
/// There and back: 240 h at 0.05, 240 h at 0.039, 24 h at 0.03, and two moves. Going to Ashburn costs a day of the old side
/// (1.44) and 6,000 s of the new one (0.065), going back 0.936 and 0.05.
const ALWAYS: &str = "24.571";
/// Going to Ashburn only: 240 h at 0.05, 264 h at 0.039, and the first move.
const ONCE: &str = "23.801";

#[test]
fn costs_are_those_that_are_written_out_by_hand() {
    let told = |policy_text: &str| figures(&report(&folder(SPOT, policy_text)));
    let usd = |policy: &str| [NEVER, ALWAYS, policy, ONCE].map(str::to_owned);
    // $6.57 a month for a move of $0.986.
    assert_eq!(told(&policy("")), (usd(ALWAYS), [2, 1]));
    let dearer = policy("").replace("month_min = 1", "month_min = 10");
    assert_eq!(told(&dearer), (usd(ONCE), [1, 1]), "the second move saves too little");
    assert_eq!(told(&policy("never = [\"work\"]\n")), (usd(NEVER), [0, 1]), "a policy that never moves");
    let resting = policy("").replace("cool_down_hours = 0", "cool_down_hours = 241");
    assert_eq!(told(&resting), (usd(ONCE), [1, 1]), "it has moved ten days before");
    let rested = policy("").replace("cool_down_hours = 0", "cool_down_hours = 240");
    assert_eq!(told(&rested), (usd(ALWAYS), [2, 1]));
}

/// Nobody is asked, and the report names the policy, the days and the gaps.
#[test]
fn the_summary_is_the_sum_of_its_rows() {
    let folder = folder(SPOT, &policy(""));
    write(&folder, "apps/below/second.toml", APP.replace("crunch", "second"));
    let report = report(&folder);
    let (rows, summary) = (report["apps"].as_array().expect("rows"), &report["summary"]);
    assert_eq!((rows[0]["app"].as_str(), rows[0]["file"].as_str()), (Some("second"), Some("below/second.toml")));
    assert_eq!(rows[1]["file"], "crunch.toml");
    let of = |keys: [&str; 7]| keys.map(|key| summary[key].to_string());
    assert_eq!(
        of(["never_move_usd", "always_move_usd", "policy_usd", "clairvoyant_usd", "regret_usd", "moves", "days"]),
        ["54.24", "49.142", "49.142", "47.602", "1.54", "4", "21"]
    );
    assert_eq!(
        of(["from", "to", "gap_days_max", "proven", "apps", "skipped", "clairvoyant_moves"])[2..],
        ["10", "2", "2", "0", "2"]
    );
    assert_eq!((summary["from"].as_str(), summary["to"].as_str()), (Some("2026-01-01"), Some("2026-01-21")));
    // (54.24 - 49.142) / (54.24 - 47.602), rounded down; 49.142 / 54.24 - 1, rounded up.
    assert_eq!(
        (summary["captured_pct"].to_string(), summary["worst_pct"].to_string()),
        ("76.8".into(), "-9.39".into())
    );
    let (table, ..) = run(&folder, &[]);
    assert!(table.contains("from 2026-01-01 to 2026-01-21: 21 days; nothing was recorded for up to 9 days"), "{table}");
    assert!(table.contains("policy `test` captures 76.8 % of"), "{table}");
    assert!(table.contains("costs 9.39 % less than"), "{table}");
}

/// On a day on which a window opens, the move is made at that time, and not before.
#[test]
fn a_policy_moves_when_its_window_opens() {
    let window =
        |days: &str, from: &str| policy(&format!("\n[[window]]\ndays = [{days}]\nfrom = \"{from}\"\nto = \"07:00\"\n"));
    let told = |policy_text: &str| figures(&report(&folder(SPOT, policy_text)));
    // Sunday 06:30: 6.5 h of the ten days at 0.06, 233.5 h at 0.039, and the move. The 21st is a Wednesday.
    let usd = |policy: &str| [NEVER, ALWAYS, policy, ONCE].map(str::to_owned);
    assert_eq!(told(&window("\"sun\"", "06:30")), (usd("23.9375"), [1, 1]));
    // Open at midnight already.
    assert_eq!(told(&window("\"sat\"", "22:00")), (usd(ONCE), [1, 1]));
    // Monday: 30.5 h at 0.06.
    assert_eq!(told(&window("\"mon\"", "06:30")), (usd("24.4415"), [1, 1]));
    // Tuesday: nothing has been heard for more than two days then.
    assert_eq!(told(&window("\"tue\"", "06:30")), (usd(NEVER), [0, 1]));
    // Both ways: Sunday and Wednesday; 6.5 h of the last day at 0.039, 17.5 h at 0.03, and the second move.
    assert_eq!(told(&window("\"sun\", \"wed\"", "06:30")), (usd("24.766"), [2, 1]));
}

/// What is no longer offered is paid on demand, and nobody can go there.
#[test]
fn a_spot_machine_that_is_gone_is_paid_on_demand() {
    let gone = SPOT.replace("2026-01-11,eu-1,g1.large,0.05", "2026-01-11,eu-1,g1.large,");
    let gone = gone.replace("2026-01-11,us-1,g1.large,0.03", "2026-01-11,us-1,g1.large,");
    // 240 h at 0.05, 240 h at 0.11, 24 h at 0.03.
    let usd = ["39.12", "39.12", "39.12", "39.12"].map(str::to_owned);
    assert_eq!(figures(&report(&folder(&gone, &policy("")))), (usd, [0, 0]));
}

/// Prices of two providers over the book that comes with placer: of every third machine type in some regions, each with a
/// course of its own.
fn recorded(book: &PriceBook) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut on_demand = String::from("provider,region,instance,on_demand_usd_hour\n");
    for (provider, regions) in
        [("aws", ["eu-west-1", "eu-central-1", "us-east-1"]), ("gcp", ["europe-west1", "us-east1", "asia-northeast1"])]
    {
        let mut spot = String::from("date,region,instance,spot_usd_hour\n");
        for (at, region) in regions.iter().enumerate() {
            let id = book.find_region(provider, region).unwrap_or_else(|| panic!("{provider} {region}"));
            for (n, offer) in
                book.compute.iter().filter(|offer| offer.region == id).enumerate().filter(|(n, _)| n % 3 == 0)
            {
                let Some(usd) = offer.price(Purchase::OnDemand).map(|price| price.usd) else { continue };
                let name = &book.shape(offer.shape).name;
                let _ = writeln!(on_demand, "{provider},{region},{name},{}", usd.to_decimal());
                for day in 1..=8 {
                    let part = 20 + (n * 7 + at * 13 + day * (n % 5) * 11) % 60;
                    let usd = placer::units::Money::from_nanos(usd.nanos() * i64::try_from(part).expect("small") / 100);
                    let _ = writeln!(spot, "2024-02-0{day},{region},{name},{}", usd.to_decimal());
                }
            }
        }
        write(&folder, &format!("{provider}-spot.csv"), spot);
    }
    write(&folder, "on-demand.csv", on_demand);
    write(
        &folder,
        "windows.toml",
        policy("\n[[window]]\ndays = [\"fri\", \"sat\", \"mon\"]\nfrom = \"13:15\"\nto = \"14:00\"\n"),
    );
    write(
        &folder,
        "never.toml",
        policy(
            "never_kinds = [\"service\", \"worker\", \"job\", \"postgres\", \"mysql\", \"redis\", \"kafka\", \"object_storage\"]\n",
        ),
    );
    folder
}

fn generated(folder: &TempDir, policy: &str, jobs: &str) -> String {
    let args = ["backtest", "--prices", ".", "--generate", "12", "--seed", "7", "--policy", policy, "--jobs", jobs];
    let (out, err, code) =
        placer(folder.path(), &[&args[..], &["--price-book", "builtin", "--format", "json"]].concat());
    assert_eq!(code, 0, "{err}");
    out
}

#[test]
fn nobody_beats_the_clairvoyant_and_bytes_do_not_depend_on_threads() {
    let folder = recorded(&PriceBook::embedded().expect("the book that comes with placer"));
    let schema: Value = serde_json::from_str(&placer(folder.path(), &["schema", "backtest"]).0).expect("JSON");
    let valid = jsonschema::validator_for(&schema).expect("a schema");
    for policy in ["windows.toml", "never.toml", "aggressive"] {
        let text = generated(&folder, policy, "3");
        let report: Value = serde_json::from_str(&text).expect("JSON");
        assert!(valid.is_valid(&report), "{:?}", valid.iter_errors(&report).next());
        let rows = report["apps"].as_array().expect("rows");
        let mut moves = 0;
        for row in rows.iter().filter(|row| row["error"].is_null()) {
            let usd = |key: &str| row[key].as_f64().expect("a number");
            let best = row["clairvoyant_usd"].as_f64().expect("a number");
            assert!(
                ["never_move_usd", "always_move_usd", "policy_usd"].into_iter().all(|key| best <= usd(key)),
                "{row}"
            );
            assert_eq!(row["clairvoyant_usd"], row["clairvoyant_bound_usd"], "{row}");
            if policy == "never.toml" {
                assert_eq!((&row["policy_usd"], row["moves"].as_u64()), (&row["never_move_usd"], Some(0)));
            }
            moves += row["moves"].as_u64().expect("a number");
        }
        assert!(report["summary"]["apps"].as_u64() >= Some(10), "{}", report["summary"]);
        assert_eq!(policy == "never.toml", moves == 0, "{policy}");
        if policy == "windows.toml" {
            assert_eq!(text, generated(&folder, policy, "1"), "the same bytes");
        }
    }
}

#[test]
fn what_is_wrong_with_prices_is_told_with_its_place() {
    let spot = |text: &str| folder(text, &policy(""));
    let head = "date,region,instance,spot_usd_hour\n";
    let line = |row: &str| spot(&format!("{head}2026-01-01,eu-1,g1.large,0.04\n{row}\n"));
    let cases: [(TempDir, &[&str]); 16] = [
        (spot("day,region,instance,usd\n"), &["grand-spot.csv:1: ", "date, region, instance, spot_usd_hour"]),
        (spot(""), &["grand-spot.csv:1: ", "first line"]),
        (spot(head), &["`prices`", "no spot price was recorded"]),
        (line("2026-13-01,eu-1,g1.large,0.04"), &["grand-spot.csv:3: `2026-13-01` is no date", "`2024-01-09`"]),
        (line("2026-01-02,eu-1,g1.large,-0.04"), &["grand-spot.csv:3: a price of -0.04"]),
        (line("2026-01-02,eu-1,g1.large,0"), &["grand-spot.csv:3: a price of 0", "empty"]),
        (line("2026-01-02,eu-1,g1.large,cheap"), &["grand-spot.csv:3: `cheap` is no price"]),
        (line("2026-01-02,eu-1,g1.large,41600"), &["grand-spot.csv:3: a price of 41600 an hour", "$10000"]),
        (line("2026-01-01,eu-1,g1.large,0.05"), &["grand-spot.csv:3: another price", "keep one"]),
        (line("2026-01-02,eu-1"), &["grand-spot.csv:3: 2 fields"]),
        (line("2026-01-02,,g1.large,0.04"), &["grand-spot.csv:3: no region"]),
        (line("2026-01-02,eu-1,\"g1.large,0.04"), &["grand-spot.csv:3: 3 fields"]),
        (line("2626-01-02,eu-1,g1.large,0.04"), &["2026-01-01 to 2626-01-02", "slip"]),
        (line("\u{1b}[31m,eu-1,g1.large,0.04"), &["grand-spot.csv:3: `?[31m` is no date"]),
        (
            spot(&format!("{head}2026-01-01,mars-1,g1.large,0.04\n")).without("on-demand.csv"),
            &["lacks `on-demand.csv`"],
        ),
        (spot(head).without("grand-spot.csv"), &["lacks `PROVIDER-spot.csv`"]),
    ];
    for (folder, wanted) in &cases {
        let (out, err, code) = run(folder, &[]);
        assert_eq!((out.as_str(), code), ("", 2), "{err}");
        assert!(wanted.iter().all(|text| err.contains(text)), "{wanted:?}: {err}");
        assert!(!err.contains('\u{1b}'), "{err}");
    }
}

trait Without {
    fn without(self, price_file: &str) -> Self;
}

impl Without for TempDir {
    fn without(self, price_file: &str) -> Self {
        fs::remove_file(self.path().join("prices").join(price_file)).expect("it was there");
        self
    }
}

#[test]
fn names_that_the_price_book_does_not_know_are_counted_and_told() {
    let more = "2026-01-11,mars-1,g1.large,0.04\n2026-01-11,eu-1,g9.huge,0.04\n2026-01-11,eu-1,g1.small,0.02\n";
    let folder_ = folder(&format!("{SPOT}{more}"), &policy(""));
    let report = report(&folder_);
    assert_eq!(figures(&report), figures(&self::report(&folder(SPOT, &policy("")))));
    let unused = &report["summary"]["machines_unused"];
    let counts = ["region_unknown", "machine_unknown", "on_demand_unknown"].map(|key| unused[key].as_u64());
    assert_eq!(counts, [Some(1), Some(1), Some(1)]);
    assert_eq!(
        unused["examples"],
        serde_json::json!(["grand/mars-1/g1.large", "grand/eu-1/g9.huge", "grand/eu-1/g1.small"])
    );
    let (table, ..) = run(&folder_, &[]);
    assert!(
        table.contains("2 recorded machines were used and 3 left out") && table.contains("grand/mars-1/g1.large"),
        "{table}"
    );
    // Nothing at all that is known.
    let nothing = folder(SPOT, &policy(""));
    fs::rename(nothing.path().join("prices/grand-spot.csv"), nothing.path().join("prices/great-spot.csv"))
        .expect("it is renamed");
    write(&nothing, "prices/on-demand.csv", "provider,region,instance,on_demand_usd_hour\n");
    let (_, err, code) = run(&nothing, &[]);
    assert!(code == 2 && err.contains("great/eu-1/g1.large: the price book has no such provider or region"), "{err}");
}

#[test]
fn folders_that_are_none_and_files_that_are_there_twice_are_told() {
    let folder = folder(SPOT, &policy(""));
    let with = |args: &[&str]| placer(folder.path(), &[&["backtest", "--price-book", "book"], args].concat());
    fs::create_dir(folder.path().join("empty")).expect("a folder is made");
    let cases: [(&[&str], &str); 8] = [
        (&["--prices", "nowhere", "--apps", "apps"], "cannot read the folder `nowhere`"),
        (&["--prices", "policy.toml", "--apps", "apps"], "cannot read the folder `policy.toml`"),
        (&["--prices", "empty", "--apps", "apps"], "the folder `empty` lacks `on-demand.csv` and `PROVIDER-spot.csv`"),
        (&["--prices", "prices", "--apps", "empty"], "no application (`*.toml`) in the folder `empty`"),
        (&["--prices", "prices", "--apps", "nowhere"], "cannot read the folder `nowhere`"),
        (&["--prices", "prices", "--generate", "0"], "0 is not in 1..=100000"),
        (&["--prices", "prices", "--generate", "100001"], "100001 is not in 1..=100000"),
        (&["--prices", "prices"], "--apps"),
    ];
    for (args, wanted) in cases {
        let (out, err, code) = with(args);
        assert!(code == 2 && out.is_empty() && err.contains(wanted), "{args:?}: {err}");
    }
    write(&folder, "prices/grand-spot.csv.zst", b"not packed");
    let (_, err, code) = run(&folder, &[]);
    assert!(code == 2 && err.contains("grand-spot.csv` is there twice"), "{err}");
    fs::remove_file(folder.path().join("prices/grand-spot.csv")).expect("it was there");
    let (_, err, code) = run(&folder, &[]);
    assert!(code == 2 && err.contains("grand-spot.csv.zst`") && err.contains("pack it anew"), "{err}");
}

/// One bad application is a row of its own, and changes no other.
#[test]
fn a_bad_application_leaves_the_others_as_they_are() {
    let folder = folder(SPOT, &policy(""));
    let alone = report(&folder);
    write(&folder, "apps/huge.toml", APP.replace("crunch", "huge").replace("memory_gib = 8", "memory_gib = 4000"));
    let (out, err, code) = run(&folder, &["--format", "json"]);
    assert_eq!(code, 0, "that nothing recorded fits is an answer: {err}");
    let with: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        (&with["apps"][0], &with["summary"]["policy_usd"]),
        (&alone["apps"][0], &alone["summary"]["policy_usd"])
    );
    assert!(with["apps"][1]["error"].as_str().expect("a reason").contains("`work`"), "{}", with["apps"][1]);
    write(&folder, "apps/bad.toml", APP.replace("kind = \"worker\"", "kind = \"wroker\""));
    let (out, err, code) = run(&folder, &["--format", "json"]);
    assert_eq!(code, 2);
    assert!(err.contains("1 of 3 applications are not valid"), "{err}");
    let with: Value = serde_json::from_str(&out).expect("JSON");
    let error = with["apps"][0]["error"].as_str().expect("a reason");
    assert!(with["apps"][0]["app"] == "bad.toml" && error.contains("6:8") && error.contains("worker"), "{error}");
    assert_eq!((&with["apps"][1], &with["summary"]["skipped"]), (&alone["apps"][0], &Value::from(2)));
    fs::remove_file(folder.path().join("apps/crunch.toml")).expect("it was there");
    fs::remove_file(folder.path().join("apps/bad.toml")).expect("it was there");
    let (_, err, code) = run(&folder, &[]);
    assert!(code == 3 && err.contains("1 of 1 applications cannot be replayed"), "{err}");
}
