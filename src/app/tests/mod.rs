//! What a good file means, and what every file that is accepted can be relied on for.

mod bad_component;
mod bad_graph;
mod bad_machines;
mod bad_shape;
mod bad_text;
mod fuzz;
mod hostile;

use super::limits;
use super::*;
use crate::units::{Money, Purchase, Quantity, parse_scaled};
use std::collections::HashSet;

const FULL: &str = include_str!("full.toml");

/// Pieces of small files.
const HEAD: &str = "version = 1\nname = \"shop\"\n";
const WEB: &str = "[[component]]\nname = \"web\"\nkind = \"service\"\ncpu = 1\nmemory_gib = 2\n";
const DB: &str = "[[component]]\nname = \"db\"\nkind = \"postgres\"\nmemory_gib = 4\n";
const EU: &str = "[[audience]]\nname = \"eu\"\ncity = \"Berlin\"\n";
const LINK: &str = "[[link]]\nfrom = \"web\"\nto = \"db\"\n";

/// A small price book's names.
fn names() -> Names {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let pairs = |list: &[(&str, &str)]| {
        list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<(String, String)>>()
    };
    Names {
        providers: words(&["aws", "azure", "gcp", "hetzner"]),
        regions: pairs(&[("aws", "eu-west-1"), ("aws", "us-east-1"), ("gcp", "europe-west1"), ("hetzner", "fsn1")]),
        cities: pairs(&[("Berlin", "DE"), ("London", "GB"), ("Paris", "FR"), ("Paris", "US"), ("New York", "US")]),
        lesser_cities: pairs(&[("London", "CA")]),
        countries: words(&["DE", "FR", "GB", "IE", "US"]),
        continents: words(&["asia", "europe", "north_america"]),
        gpu_models: words(&["nvidia-a100", "nvidia-l4", "nvidia-t4"]),
        ..Names::default()
    }
}

fn read(text: &str) -> Result<App, Faults> {
    let app = parse(text, "app.toml", &names()).map(|parsed| parsed.app);
    assert_eq!(read::read_quickly(text.as_bytes(), &names()).as_ref(), app.as_ref().ok(), "{text}");
    app
}

fn good(text: &str) -> App {
    let app = read(text).unwrap_or_else(|faults| panic!("{faults}"));
    assert_valid(&app);
    app
}

/// What is said of a bad file.
fn faults(pieces: &[&str]) -> String {
    read(&pieces.concat()).expect_err("the file is bad").to_string()
}

/// Everything that later stages rely on, said a second time and in other words.
fn assert_valid(app: &App) {
    let unique = |names: Vec<&str>| {
        assert!(names.iter().all(|name| (1..=63).contains(&name.len())), "{names:?}");
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "{names:?}");
    };
    unique(vec![&app.name]);
    unique(app.components.iter().map(|c| c.name.as_str()).collect());
    unique(app.audiences.iter().map(|a| a.name.as_str()).collect());
    unique(app.paths.iter().map(|p| p.name.as_str()).collect());
    assert!((1..=limits::COMPONENTS_MAX).contains(&app.components.len()));
    app.components.iter().for_each(|component| assert_component(app, component));
    let count = app.components.len();
    let mut linked = HashSet::new();
    for link in &app.links {
        assert!(link.from < count && link.to < count && link.from != link.to);
        assert!(linked.insert((link.from, link.to)));
        assert_usage(link.forward_gb_month, 0, limits::TRAFFIC_GB_MAX);
        assert_usage(link.back_gb_month, 0, limits::TRAFFIC_GB_MAX);
        assert!((0..=limits::ROUND_TRIPS_MAX * 1_000).contains(&link.round_trips_milli));
    }
    if !app.audiences.is_empty() {
        assert_eq!(app.audiences.iter().map(|a| a.share_ppm).sum::<i64>(), 1_000_000);
        assert!(app.audiences.iter().all(|a| a.share_ppm > 0));
    }
    for path in &app.paths {
        assert!(!path.through.is_empty() && path.through.iter().all(|c| *c < count));
        for hop in path.through.windows(2) {
            assert!(linked.contains(&(hop[0], hop[1])) || linked.contains(&(hop[1], hop[0])));
        }
        match path.audience {
            PathAudience::Internal => assert_eq!(path.entry_round_trips_milli, 0),
            PathAudience::One(ordinal) => assert!(ordinal < app.audiences.len()),
            PathAudience::Weighted | PathAudience::Each => assert!(!app.audiences.is_empty()),
        }
        assert!(path.audience == PathAudience::Internal || app.components[path.through[0]].public);
        assert!(path.bound.is_none_or(|bound| bound.micros() > 0));
    }
    for rule in &app.relations {
        assert!(rule.components.len() >= 2 && rule.components.iter().all(|c| *c < count));
        assert_eq!(rule.components.iter().collect::<HashSet<_>>().len(), rule.components.len());
    }
    if !app.today.is_empty() {
        let ordinals: HashSet<usize> = app.today.iter().map(|today| today.component).collect();
        assert_eq!((ordinals, app.today.len()), ((0..count).collect(), count));
    }
    if app.objective == Objective::CostAndLatency {
        assert!(app.paths.iter().any(|path| path.usd_per_ms > Money::ZERO));
    }
}

fn assert_component(app: &App, c: &Component) {
    let image = c.kind.runs_image();
    assert_usage(c.cpu, 0, limits::CPU_MAX);
    assert_usage(c.memory_gib, 0, limits::MEMORY_GIB_MAX);
    assert_usage(c.disk_gb, 0, limits::DISK_GB_MAX);
    assert_usage(c.replicas, 1, limits::REPLICAS_MAX);
    assert_usage(c.hours_month, 0, 730);
    for usage in [c.users_gb_month, c.outbound_gb_month] {
        assert_usage(usage, 0, limits::TRAFFIC_GB_MAX);
    }
    for usage in [c.requests_million_month, c.writes_million_month] {
        assert_usage(usage, 0, limits::REQUESTS_MILLION_MAX);
    }
    assert!(c.hours_month.min > Quantity::ZERO);
    assert!(c.kind == Kind::Job || c.hours_month == Usage::flat(Quantity::MONTH_HOURS));
    assert!(!image || c.cpu.min > Quantity::ZERO);
    assert!(!(image || c.kind.is_data_store()) || c.memory_gib.min > Quantity::ZERO);
    assert_eq!(c.replicas.min.micros() % 1_000_000, 0);
    assert!((1..=6).contains(&c.zones));
    assert!(c.spread == Spread::None || c.replicas.min >= Quantity::from_units(2));
    assert!(!c.purchase.is_empty());
    assert!(c.run_on.machines || c.run_on.serverless);
    assert!(c.gpu.is_none() || image && !c.run_on.serverless);
    assert!(c.gpu.as_ref().is_none_or(|gpu| gpu.milli > 0));
    assert!(c.users_gb_month.max == Quantity::ZERO || c.public && !app.audiences.is_empty());
}

fn assert_usage(usage: Usage, min: i64, max: i64) {
    assert!(Quantity::from_units(min) <= usage.min && usage.min <= usage.typical);
    assert!(usage.typical <= usage.max && usage.max <= Quantity::from_units(max));
}

#[test]
fn a_full_file_means_what_it_says() {
    let app = good(FULL);
    let quantity = |text: &str| Quantity::from_micros(parse_scaled(text, 6).unwrap());
    let web = &app.components[0];
    assert_eq!(web.cpu, Usage { min: quantity("1"), typical: quantity("2"), max: quantity("4") });
    assert_eq!(web.outbound_gb_month, Usage::flat(Quantity::from_micros(100_000)));
    assert_eq!(web.users_gb_month, Usage::flat(quantity("500.5")));
    assert_eq!(web.run_on, RunOn { machines: true, serverless: false });
    assert_eq!(web.place.providers.deny, ["hetzner"]);
    assert!(web.public && web.dedicated);
    assert!(!app.components[1].public);
    assert_eq!(app.components[2].gpu, Some(Gpu { milli: 500, models: vec!["nvidia-l4".into()] }));
    assert_eq!(app.components[3].disk_gb, Usage::flat(quantity("1000")));
    assert_eq!(app.links[0].round_trips_milli, 3_500);
    assert_eq!(
        app.links[0].back_gb_month,
        Usage { min: quantity("100"), typical: quantity("100"), max: quantity("150") }
    );
    assert_eq!(app.audiences[0].locality, Locality::City { name: "Paris".into(), country: Some("FR".into()) });
    assert_eq!(app.audiences[1].locality, Locality::Point { lat: 40.7128, lon: -74.006 });
    assert_eq!(app.audiences[1].share_ppm, 400_000);
    assert_eq!(app.paths[0].audience, PathAudience::Weighted);
    assert_eq!(app.paths[0].entry_round_trips_milli, 1_000);
    assert_eq!(app.paths[0].bound.unwrap().micros(), 200_000);
    assert_eq!(app.paths[0].usd_per_ms.to_decimal(), "1.50");
    assert_eq!((app.paths[1].audience, app.paths[1].percentile), (PathAudience::Internal, Percentile::P50));
    assert_eq!(app.operations.usd_hour.to_decimal(), "80.50");
    assert_eq!(app.operations.packaged_hours_month, quantity("4"));
    assert!(app.operations.stated);
    assert_eq!(app.today[0].count, Some(2));
    assert_eq!(app.budget.unwrap().to_decimal(), "500.00");
}

#[test]
fn a_small_file_gets_the_defaults() {
    let app = good(concat!(
        "version = 1\nname = \"a\"\n[[component]]\nname = \"web\"\nkind = \"service\"\ncpu = 0.1\nmemory_gib = 1\n",
        "[[component]]\nname = \"w\"\nkind = \"worker\"\ncpu = 1\nmemory_gib = 1\n",
    ));
    let web = &app.components[0];
    assert_eq!(web.cpu, Usage::flat(Quantity::from_micros(100_000)));
    assert_eq!(web.replicas, Usage::flat(Quantity::from_units(1)));
    assert_eq!(web.purchase, [Purchase::OnDemand]);
    assert_eq!(web.hours_month, Usage::flat(Quantity::MONTH_HOURS));
    assert_eq!(web.run_on, RunOn { machines: true, serverless: true });
    assert_eq!(app.components[1].run_on, RunOn { machines: true, serverless: false });
    assert_eq!((web.zones, web.spread, web.managed), (1, Spread::None, ManagedChoice::Either));
    assert!(!web.public);
    assert_eq!(app.objective, Objective::Cost);
    assert_eq!(app.operations.usd_hour, Money::from_dollars(75));
    assert!(!app.operations.stated);
    assert_eq!(app.private_outbound, PrivateOutbound::Nat);
}

#[test]
fn audiences_without_shares_share_equally_and_the_first_takes_the_rest() {
    let text = FULL.replace("share = 60\n", "").replace("share = 40.0\n", "");
    let third = "[[audience]]\nname = \"uk\"\ncity = \"London\"\n";
    let app = good(&format!("{text}{third}"));
    assert_eq!(app.audiences.iter().map(|a| a.share_ppm).collect::<Vec<_>>(), [333_334, 333_333, 333_333]);
    assert_eq!(app.audiences[2].locality, Locality::City { name: "London".into(), country: Some("GB".into()) });
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    let windows = FULL.replace('\n', "\r\n");
    assert_eq!(good(&format!("\u{feff}{windows}")), good(FULL));
}

#[test]
fn later_stages_find_every_key() {
    let spans = parse(FULL, "app.toml", &names()).unwrap().spans;
    let line = |path: &str| spans.find(path).map(|position| FULL.lines().nth(position.line - 1).unwrap());
    assert_eq!(line("component[0].cpu"), Some("cpu = { min = 1, typical = 2, max = 4 }"));
    assert_eq!(spans.find("component[0].cpu.typical").unwrap().column, 18);
    assert_eq!(line("component[1]"), Some("[[component]]"));
    assert_eq!(line("component[1].replicas"), Some("[[component]]"));
    assert_eq!(line("link[0].to"), Some("to = \"db\""));
    assert_eq!(line("budget.usd_month"), Some("usd_month = 500"));
    assert_eq!(spans.find("nothing"), None);
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/app.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, schema_json()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == schema_json(), "run the tests once with UPDATE_SCHEMA=1");
}

#[test]
fn a_fault_is_data_before_it_is_prose() {
    let faults = read(&[HEAD, WEB, "replica = 2\n"].concat()).unwrap_err();
    insta::assert_snapshot!(faults.to_json(), @r#"
    {
      "faults": [
        {
          "file": "app.toml",
          "line": 8,
          "column": 1,
          "path": "component[0].replica",
          "code": "unknown_key",
          "found": "unknown key `replica`",
          "expected": "a key of `[[component]]`",
          "nearest": "replicas",
          "help": null
        }
      ],
      "omitted": 0
    }
    "#);
}

#[test]
fn every_key_that_not_all_kinds_take_is_a_key_of_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&schema_json()).unwrap();
    for (key, _) in kinds::KINDS_OF_KEY {
        assert!(schema["$defs"]["ComponentFile"]["properties"][key].is_object(), "{key}");
    }
}

#[test]
fn a_file_written_from_the_types_reads_back() {
    let file: file::AppFile = toml::from_str(FULL).unwrap();
    let written = toml::to_string(&file).unwrap();
    assert_eq!(good(&written), good(FULL));
}

#[test]
fn the_reference_has_every_key_and_its_examples_are_good() {
    let reference = include_str!("../../../docs/app-toml.md");
    let schema: serde_json::Value = serde_json::from_str(&schema_json()).unwrap();
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for key in definition["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
            assert!(reference.contains(key.as_str()), "{name}.{key}");
        }
    }
    let blocks: Vec<&str> = reference.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    good(blocks[0]);
    let web = WEB.replace("cpu = 1\n", blocks[1]);
    good(&[HEAD, &web, blocks[2], blocks[4], LINK, blocks[5]].concat());
    let mixed = good(&[HEAD, WEB, blocks[3]].concat());
    assert!(mixed.components[0].mixed.is_some_and(|mixed| mixed.base == 2 && !mixed.stated));
}

#[test]
fn what_is_run_and_with_which_environment() {
    let app = good(FULL);
    let web = &app.components[0];
    assert_eq!(web.command, ["serve", "--all"]);
    assert_eq!(web.port, 3000);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(web.env, [pair("LOG_LEVEL", "info"), pair("MOTD", "a=b")]);
    assert_eq!(web.secrets, ["SECRET_KEY"]);
    assert_eq!((app.components[1].port, app.components[1].command.len()), (8080, 0));
}

#[test]
fn a_kept_file_needs_no_price_book() {
    let kept = parse_kept(FULL, "app.toml").unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(kept, good(FULL));
    let fault = parse_kept(&FULL.replace("version = 1", "version = 2"), "app.toml").unwrap_err();
    assert!(fault.to_string().contains("version"), "{fault}");
}
