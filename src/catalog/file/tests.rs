//! What the parser accepts and refuses, on a small book; the embedded book is tested in `tests/price_book.rs`.

use super::*;
use crate::units::{Money, Quantity, parse_scaled};
use proptest::prelude::*;

/// A book with one row of each kind.
pub fn small() -> Vec<(String, String)> {
    let files = [
        ("sources.csv", header::SOURCES, "0,2026-07,a list, with a comma\n1,2025,another\n"),
        ("providers.csv", header::PROVIDERS, "aws,per_server\nvultr,pooled\n"),
        (
            "regions.csv",
            header::REGIONS,
            "aws,us-east-1,US,north-america,38.9,-77.4,6,0,Ashburn\naws,us-west-2,US,north-america,45.8,-119.7,,0,Boardman\n\
             vultr,fra,DE,europe,50.1,8.7,1,1,Frankfurt, Hesse\n",
        ),
        ("cities.csv", header::CITIES, "DE,50.1,8.7,0,Frankfurt\nUS,40.7,-74,0,New York\n"),
        (
            "shapes/aws.csv",
            header::SHAPES,
            "m7g.large,arm64,2,8192,dedicated,0,,,0\nt3.micro,x86_64,2,1024,burstable,0,,,0\n",
        ),
        ("shapes/vultr.csv", header::SHAPES, "vc2,x86_64,1,1024,shared,0.25,nvidia-a16,25,1\n"),
        (
            "compute/aws.csv",
            header::COMPUTE,
            "us-east-1,m7g.large,0.0816,0.03,0.054,0.0354,,0,l,0\nus-east-1,t3.micro,0.0104,,,,,0,l,0\n\
             us-west-2,m7g.large,0.0816,,,,,0,d,1\n",
        ),
        ("compute/vultr.csv", header::COMPUTE, "fra,vc2,0.007,,,,5,1024,l,1\n"),
        (
            "managed/aws.csv",
            header::MANAGED,
            "us-east-1,postgres,RDS PostgreSQL,db.m7g.large,2,8192,0,hour,0.168,l,0,,0.115,e5,1,0\n\
             us-east-1,postgres,RDS PostgreSQL,db.m7g.large,2,8192,1,hour,0.336,l,0,100,,,,20\n",
        ),
        (
            "tariffs.csv",
            header::TARIFFS,
            "aws,us-east-1,object_storage,S3,0,gb_month,0.023,l,0\naws,us-east-1,object_storage,S3,51200,gb_month,0.022,l,0\n\
             aws,us-east-1,load_balancer,NLB,0,hour,0.02,l,0\naws,us-east-1,load_balancer,ALB,0,hour,0.0225,l,0\n",
        ),
        ("egress.csv", header::EGRESS, "aws,us-east-1,*,100,0,0.09,l,0\naws,us-east-1,*,100,10240,0.085,l,0\n"),
        (
            "transfers.csv",
            header::TRANSFERS,
            "aws,us-east-1,zone,0.02,l,0\naws,us-east-1,region:us-west-2,0.02,l,0\nvultr,fra,any,internet,d,1\n",
        ),
        ("latency.csv", header::LATENCY, "aws,us-east-1,aws,us-west-2,68000,,0\n"),
        ("latency_model.csv", header::MODEL, "*,*,2000,16,1.25,9000,12,0\n"),
        ("city_rtt.csv", header::CITY_RTT, "1,0,850\n"),
    ];
    files.into_iter().map(|(name, head, rows)| (name.to_owned(), format!("{head}\n{rows}"))).collect()
}

fn sealed(files: &[(String, String)]) -> Vec<u8> {
    seal(files.iter().map(|(name, text)| (name.as_str(), text.as_bytes()))).expect("the names are those of a book")
}

fn load(files: &[(String, String)]) -> Result<PriceBook, BookError> {
    PriceBook::from_files(files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())))
}

/// The small book with one text in one file replaced.
fn with(file: &str, old: &str, new: &str) -> Result<PriceBook, BookError> {
    let mut files = small();
    let text = &mut files.iter_mut().find(|(name, _)| name == file).expect("a file of the book").1;
    assert!(text.contains(old), "{file} has no {old:?}");
    *text = text.replacen(old, new, 1);
    load(&files)
}

#[test]
fn a_small_book_loads_with_every_figure() {
    let book = load(&small()).expect("a good book");
    assert_eq!((book.sources[0].text.as_str(), book.as_of.as_str()), ("a list, with a comma", "2026-07"));
    assert_eq!(book.regions[2].city, "Frankfurt, Hesse");
    assert_eq!(book.shapes[2].gpu_milli, 250);
    let offer = book.compute[0];
    assert_eq!(offer.usd_hour[3], Money::parse("0.0354").ok());
    assert_eq!(book.compute[3].included_gb, Quantity::from_units(1024));
    assert_eq!(book.managed[0].storage.map(|p| p.uncertainty_pct), Some(5));
    assert_eq!(book.managed[1].storage, None);
    let at = RegionId(0);
    assert_eq!(book.tariff(at, crate::catalog::Item::LoadBalancer)[0].product, "NLB");
    assert_eq!(book.ladder(at, "AU").map(|l| l.tiers.len()), Some(2));
    assert_eq!(book.transfer(RegionId(2), RegionId(2)), None);
}

#[test]
fn files_in_any_order_make_the_same_seal() {
    let mut files = small();
    let one = sealed(&files);
    files.reverse();
    assert_eq!(sealed(&files), one);
    let book = PriceBook::from_sealed(&one).expect("a good book");
    assert!(one.starts_with(format!("placer-price-book 1 sha256:{} as_of:2026-07\n", book.digest).as_bytes()));
}

#[test]
fn what_cannot_be_right_is_refused_with_file_and_line() {
    let cases = [
        ("compute/aws.csv", "0.0816,0.03", "-1,0.03", 2),
        ("compute/aws.csv", "0.0104", "1e-2", 3),
        ("compute/aws.csv", "0.0104", "1000000.1", 3),
        ("compute/aws.csv", "0.0104", "0.0000000001", 3),
        ("compute/aws.csv", "t3.micro", "m7g.large", 3),
        ("compute/aws.csv", "t3.micro", "t9.micro", 3),
        ("compute/aws.csv", "us-west-2", "mars-1", 4),
        ("compute/aws.csv", "0,l,0\n", "0,l,2\n", 2),
        ("compute/aws.csv", "0,l,0\n", "0,e5,0\n", 2),
        ("compute/aws.csv", "0.0104,,,,,0", ",,,,,0", 3),
        ("compute/aws.csv", ",0,l,0\n", ",0,l,0,\n", 2),
        ("sources.csv", "1,2025", "2,2025", 3),
        ("sources.csv", "2026-07", "2026-13", 2),
        ("regions.csv", "38.9", "98.9", 2),
        ("managed/aws.csv", "e5", "e0", 2),
        ("managed/aws.csv", ",1,hour", ",0,hour", 3),
        ("tariffs.csv", "51200", "0", 3),
        ("tariffs.csv", "NLB,0,", "NLB,5,", 4),
        ("egress.csv", "10240", "0", 3),
        ("transfers.csv", "region:us-west-2", "region:fra", 3),
        ("latency.csv", "68000,", "0,", 2),
        ("latency.csv", "68000,", "68000,1000", 2),
        ("city_rtt.csv", "1,0,850", "1,0,850,900", 2),
        ("shapes/aws.csv", "m7g.large", "z", 3),
    ];
    for (file, old, new, line) in cases {
        match with(file, old, new) {
            Err(BookError::Row { file: f, line: l, reason }) => {
                assert_eq!((f.as_str(), l), (file, line), "{old} -> {new}: {reason}");
            }
            other => panic!("{file}: {old} -> {new}: {:?}", other.map(|b| b.digest)),
        }
    }
}

#[test]
fn a_book_that_was_cut_reordered_or_is_of_another_form_is_refused() {
    let bytes = sealed(&small());
    for len in 0..bytes.len() {
        assert!(PriceBook::from_sealed(&bytes[..len]).is_err(), "cut at {len}");
    }
    let mut files = small();
    files.remove(10);
    assert!(matches!(load(&files), Err(BookError::Missing(_))));
    let text = String::from_utf8(bytes).expect("text");
    let next = text.replacen("book 1", "book 2", 1);
    assert!(matches!(PriceBook::from_sealed(next.as_bytes()), Err(BookError::Version { .. })));
    let other_date = text.replacen("as_of:2026-07", "as_of:2027-07", 1);
    assert!(matches!(PriceBook::from_sealed(other_date.as_bytes()), Err(BookError::NotABook(_))));
    let (first, body) = text.split_once("@file providers.csv").expect("a second file");
    let (head, sources) = first.split_once('\n').expect("a first line");
    let moved = format!("@file providers.csv{body}{sources}");
    let head = format!("placer-price-book 1 sha256:{} {}", digest_hex(moved.as_bytes()), &head[head.len() - 13..]);
    let error = PriceBook::from_sealed(format!("{head}\n{moved}").as_bytes()).expect_err("moved");
    assert!(error.to_string().contains("not in order"), "{error}");
}

/// A change of a book's bytes: at a place (in thousandths of its length), some bytes put for some others.
fn change() -> impl Strategy<Value = (usize, usize, Vec<u8>)> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::collection::vec(prop::sample::select(b"0123456789.,-\n@eld*".to_vec()), 0..12),
    ];
    (0..1000_usize, 0..40_usize, bytes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn altered_bytes_never_load((at, cut, new) in change()) {
        let whole = sealed(&small());
        let start = at * whole.len() / 1000;
        let end = (start + cut).min(whole.len());
        let mut bytes = whole.clone();
        bytes.splice(start..end, new);
        prop_assume!(bytes != whole);
        prop_assert!(PriceBook::from_sealed(&bytes).is_err());
    }

    #[test]
    fn altered_and_sealed_again_is_an_error_or_a_whole_book(changes in prop::collection::vec(change(), 1..4)) {
        let mut bytes = sealed(&small());
        let end_of_head = bytes.iter().position(|&b| b == b'\n').unwrap_or(0) + 1;
        for (at, cut, new) in changes {
            let start = end_of_head + at * (bytes.len() - end_of_head) / 1000;
            let end = (start + cut).min(bytes.len());
            bytes.splice(start..end, new);
        }
        let digest = digest_hex(&bytes[end_of_head..]);
        let mut sealed = format!("placer-price-book 1 sha256:{digest} as_of:2026-07\n").into_bytes();
        sealed.extend_from_slice(&bytes[end_of_head..]);
        if let Ok(book) = PriceBook::from_sealed(&sealed) {
            prop_assert_eq!(&book.digest, &digest);
            for offer in &book.compute {
                prop_assert!(usize::from(offer.source.0) < book.sources.len());
                prop_assert!(offer.usd_hour.iter().flatten().all(|usd| *usd >= Money::ZERO));
                let _ = (book.shape(offer.shape), book.region(offer.region));
            }
            for region in book.region_ids() {
                prop_assert!(book.rtt(region, RegionId(0)).p50.micros() > 0);
            }
        }
    }

    #[test]
    fn the_quick_decimal_reader_agrees_with_the_exact_one(text in "[0-9.]{0,14}", scale in 0_u32..=9) {
        let exact = parse_scaled(&text, scale).ok();
        let quick = rows::fixed(text.as_bytes(), scale);
        // The exact one also takes zeros beyond the scale; the form has none of those.
        prop_assert!(quick == exact || quick.is_none(), "{text} {quick:?} {exact:?}");
    }
}
