//! Broken answers of every source, recorded ones where there are some: no panic, and nothing that breaks a rule gets
//! into a sealed book.

use super::drive::{Gathered, run_with, source};
use super::sealed::{Base, check as check_book};
use super::whole::whole;
use placer::collect::observation::Fact;
use placer::collect::source::{ParseError, Request};
use serde_json::{Number, Value, json};
use std::collections::HashMap;

/// Broken runs per source: `just faults` makes a thousand.
fn runs() -> u64 {
    let named = std::env::var("PLACER_MUTATIONS").ok();
    named.map_or(250, |text| text.parse().expect("PLACER_MUTATIONS is a number"))
}

/// A small generator of its own (splitmix64), so that a failure names its seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(count.max(1)).expect("small")).expect("small")
    }
}

/// Every value of a document, by its path.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// Breaks the value that stands at this place in the order of [`count`].
fn break_at(value: &mut Value, at: &mut usize, dice: &mut Dice) {
    if *at == 0 {
        *value = broken(value, dice);
        *at = usize::MAX;
        return;
    }
    *at -= 1;
    match value {
        Value::Array(items) => {
            for item in items {
                if *at == usize::MAX {
                    return;
                }
                break_at(item, at, dice);
            }
        }
        Value::Object(fields) => {
            let keys: Vec<String> = fields.keys().cloned().collect();
            for key in keys {
                if *at == usize::MAX {
                    return;
                }
                if *at == 0 && dice.below(4) == 0 {
                    fields.remove(&key);
                    *at = usize::MAX;
                    return;
                }
                break_at(fields.get_mut(&key).expect("it is there"), at, dice);
            }
        }
        _ => {}
    }
}

fn broken(value: &Value, dice: &mut Dice) -> Value {
    let huge: Number = serde_json::from_str("1e300").expect("a number");
    match dice.below(16) {
        0 => Value::Null,
        1 => json!(0),
        2 => json!(-1),
        3 => json!("-0.5"),
        4 => json!("0.0000000000"),
        5 => Value::Number(huge),
        6 => json!("99999999999999999999999999999999999999"),
        7 => json!(u64::MAX),
        8 => json!("\u{202e}\u{0}9\u{301}\u{1f4b8}\u{ff11}"),
        9 => json!("x".repeat(5000)),
        10 => json!([]),
        11 => json!({}),
        12 => json!(true),
        13 => json!("NaN"),
        14 => json!([value, value]),
        _ => json!("1e-400"),
    }
}

/// A broken form of a page; most stay documents, some do not.
fn mutate(text: &str, dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 => {
            let mut cut = dice.below(text.len() + 1);
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            text.as_bytes()[..cut].to_vec()
        }
        1 => {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=dice.below(8) {
                let at = dice.below(bytes.len());
                bytes[at] = dice.next().to_le_bytes()[0];
            }
            bytes
        }
        2 => b"<!DOCTYPE html><html><body>Service Unavailable</body></html>".to_vec(),
        3 => Vec::new(),
        _ => {
            if let Ok(mut document) = serde_json::from_str::<Value>(text) {
                for _ in 0..=dice.below(3) {
                    let mut at = dice.below(count(&document));
                    break_at(&mut document, &mut at, dice);
                }
                document.to_string().into_bytes()
            } else {
                // XML: a piece of text is replaced.
                let cut: Vec<usize> = text.match_indices('>').map(|(at, _)| at + 1).collect();
                let from = cut[dice.below(cut.len())];
                let to = text[from..].find('<').map_or(text.len(), |at| from + at);
                let words = ["", "-1", "0", "1e300", "NaN", "\u{202e}9", "&amp;", "<x>", "99999999999999999999"];
                format!("{}{}{}", &text[..from], words[dice.below(words.len())], &text[to..]).into_bytes()
            }
        }
    }
}

/// The rules that a parser itself owes; the gate's come on top.
fn check(name: &str, seed: u64, found: &Gathered) {
    for observation in &found.observations {
        let Fact::Price(priced, amount) = &observation.fact else { continue };
        let told = || format!("{name} seed {seed}: {priced:?} {amount:?}");
        // Exact decimal text, whatever stood there.
        assert!(amount.value.parse::<f64>().is_ok_and(f64::is_finite), "{}", told());
        assert!(amount.value.is_ascii() && amount.value.len() <= 64, "{}", told());
        assert!(amount.stated_free <= (amount.value.parse() == Ok(0.0) || name == "akamai"), "{}", told());
        assert!(observation.raw.chars().count() <= 400 && !observation.raw.contains('\n'), "{}", told());
    }
}

fn broken_source(name: &str) {
    let base = Base::of(source(name).provider());
    let mut pages: HashMap<(String, String), Option<Vec<u8>>> = HashMap::new();
    let mut sound_page = |request: &Request| {
        let post = String::from_utf8_lossy(request.post.as_deref().unwrap_or_default());
        let key = (format!("{}{}", request.host_part, request.path), post.into_owned());
        pages.entry(key).or_insert_with(|| whole(name, request)).clone()
    };
    let sound = run_with(&base.book, name, &mut sound_page).expect("sound pages are read");
    let (accepted, sound_figures) = check_book(name, u64::MAX, &base, &sound);
    assert!(accepted > 0, "{name}: of the sound pages nothing gets into the book");
    let answered = sound.asked.iter().filter(|request| sound_page(request).is_some()).count();
    let (mut whole_runs, mut refused_page, mut refused_rows, mut figures) = (0, 0, 0, 0);
    for seed in 0..runs() {
        let mut dice = Dice(seed);
        // One of the pages is broken; the others are sound.
        let wanted = dice.below(answered);
        let mut at = 0;
        let result = run_with(&base.book, name, |request| {
            let bytes = sound_page(request)?;
            at += 1;
            if at - 1 != wanted {
                return Some(bytes);
            }
            Some(mutate(&String::from_utf8_lossy(&bytes), &mut dice))
        });
        match result {
            Ok(found) => {
                check(name, seed, &found);
                figures += check_book(name, seed, &base, &found).1;
                refused_rows += usize::from(!found.refused.is_empty());
                whole_runs += 1;
            }
            Err(ParseError::Form(reason)) => {
                assert!(!reason.is_empty() && reason.len() < 2000, "{name} seed {seed}: {reason}");
                refused_page += 1;
            }
            Err(ParseError::Io(error)) => panic!("{name} seed {seed}: bytes in memory cannot break off: {error}"),
        }
    }
    eprintln!(
        "{name}: {whole_runs} read ({refused_rows} with refused rows), {refused_page} refused whole; {figures} figures in \
         the books, {sound_figures} of the sound pages"
    );
    assert!(refused_page > 0, "{name}: a broken page was never noticed");
}

macro_rules! broken_answers {
    ($($test:ident $name:literal),* $(,)?) => {
        $(#[test]
        fn $test() {
            broken_source($name);
        })*
    };
}

broken_answers! {
    aws_offers "aws-offers",
    aws_price_list "aws-price-list",
    aws_spot "aws-spot",
    azure_retail "azure-retail",
    azure_skus "azure-skus",
    gcp_catalog "gcp-catalog",
    gcp_machine_types "gcp-machine-types",
    oci "oci-price-list",
    hetzner "hetzner",
    digitalocean "digitalocean",
    akamai "akamai",
    vultr "vultr",
    scaleway "scaleway",
    scaleway_catalog "scaleway-catalog",
    ovh "ovh-catalog",
    upcloud "upcloud",
    exoscale "exoscale",
    fly "flyio",
}
