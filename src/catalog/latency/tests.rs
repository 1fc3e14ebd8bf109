//! Round-trip times of the embedded book.

use super::*;
use crate::catalog::PriceBook;
use std::time::Instant;

fn book() -> PriceBook {
    PriceBook::embedded().expect("the embedded book verifies")
}

fn region(book: &PriceBook, provider: &str, code: &str) -> RegionId {
    book.find_region(provider, code).unwrap_or_else(|| panic!("{provider} {code}"))
}

#[test]
fn every_pair_is_positive_symmetric_and_not_faster_than_light() {
    let book = book();
    for a in book.region_ids() {
        for b in book.region_ids() {
            let there = book.rtt(a, b);
            assert_eq!(there, book.rtt(b, a));
            assert!(there.p50.micros() > 0 && there.p95 >= there.p50);
            let (x, y) = (book.region(a), book.region(b));
            let km = great_circle_km((x.lat, x.lon), (y.lat, y.lon));
            // Measured times are what they are: some regions are not where they are said to be.
            if there.origin != RttOrigin::Measured && km > 100.0 {
                assert!(there.p50.millis() >= km / 102.0 - 0.1, "{} {}", x.code, y.code);
            }
        }
    }
}

#[test]
fn known_pairs_are_measured_and_near_what_is_published() {
    let book = book();
    let ms = |a: (&str, &str), b: (&str, &str)| {
        let rtt = book.rtt(region(&book, a.0, a.1), region(&book, b.0, b.1));
        (rtt.origin, rtt.p50.millis())
    };
    let (origin, frankfurt_ashburn) = ms(("aws", "eu-central-1"), ("aws", "us-east-1"));
    assert_eq!(origin, RttOrigin::Measured);
    assert!((80.0..110.0).contains(&frankfurt_ashburn), "{frankfurt_ashburn}");
    let (origin, hetzner) = ms(("hetzner", "fsn1"), ("hetzner", "ash"));
    assert_ne!(origin, RttOrigin::Measured);
    assert!((80.0..115.0).contains(&hetzner), "{hetzner}");
    let (origin, dublin_sydney) = ms(("aws", "eu-west-1"), ("aws", "ap-southeast-2"));
    assert_eq!(origin, RttOrigin::Measured);
    assert!((240.0..270.0).contains(&dublin_sydney), "{dublin_sydney}");
    assert!((ms(("aws", "eu-west-1"), ("aws", "eu-west-1")).1 - 1.0).abs() < 1e-9);
    assert!(ms(("digitalocean", "fra1"), ("aws", "eu-central-1")).1 < 5.0);
}

#[test]
fn detours_are_seldom_much_faster_than_the_straight_way() {
    let book = book();
    let some: Vec<RegionId> = book.region_ids().step_by(7).collect();
    let (mut worse, mut all) = (0, 0);
    for &a in &some {
        for &b in &some {
            for &via in some.iter().filter(|&&via| via != a && via != b && a != b) {
                let detour = book.rtt(a, via).p50.micros() + book.rtt(via, b).p50.micros();
                worse += usize::from(detour * 2 < book.rtt(a, b).p50.micros());
                all += 1;
            }
        }
    }
    assert!(worse * 100 < all, "{worse} of {all} detours take less than half");
}

#[test]
fn cities_are_found_with_and_without_their_country() {
    let book = book();
    let paris = book.find_city("paris", None).expect("Paris");
    assert_eq!(paris.country.as_deref(), Some("FR"));
    assert_eq!(book.find_city("Paris, FR", None), book.find_city("Paris", Some("fr")));
    let error = book.find_city("Frankfrt", None).expect_err("misspelt");
    assert!(error.to_string().contains("Frankfurt"), "{error}");
    let near = book.rtt_from_place(&paris, region(&book, "aws", "eu-west-3"));
    assert!(near.p50.millis() < 5.0, "{near:?}");
    let far = book.rtt_from_place(&paris, region(&book, "aws", "us-east-1"));
    assert!((70.0..110.0).contains(&far.p50.millis()), "{far:?}");
    let by_coordinates = book.rtt_from_place(&book.place_at(48.86, 2.35), region(&book, "aws", "us-east-1"));
    assert_eq!(by_coordinates, far);
}

#[test]
fn nowhere_is_far_from_everything_but_has_an_answer() {
    let book = book();
    for (lat, lon) in [(0.0, -30.0), (-89.9, 0.0), (0.0, 179.9), (-3.0, 37.0)] {
        let rtts = book.rtts_from_place(&book.place_at(lat, lon));
        assert_eq!(rtts.len(), book.regions.len());
        assert!(rtts.iter().all(|rtt| rtt.p50.micros() > 0 && rtt.p50.millis() < 700.0), "{lat} {lon}");
    }
}

#[test]
fn three_hundred_regions_square_take_little_time() {
    let book = book();
    let start = Instant::now();
    let mut sum = 0;
    for a in book.region_ids().take(300) {
        for b in book.region_ids().take(300) {
            sum += book.rtt(a, b).p50.micros();
        }
    }
    let elapsed = start.elapsed();
    eprintln!("90,000 lookups with the index: {elapsed:?}");
    assert!(sum > 0 && elapsed.as_millis() < 500, "{elapsed:?}");
}

#[test]
fn the_cities_that_users_name_are_in_the_book() {
    let book = book();
    let cities = [
        ("Berlin", "DE"),
        ("Mumbai", "IN"),
        ("Beijing", "CN"),
        ("Cologne", "DE"),
        ("Kyiv", "UA"),
        ("Kiev", "UA"),
        ("Lagos", "NG"),
        ("Nairobi", "KE"),
        ("Osaka", "JP"),
        ("Austin", "US"),
        ("Krakow", "PL"),
        ("Sao Paulo", "BR"),
        ("Mexico City", "MX"),
        ("Kathmandu", "NP"),
        // Well known where they have namesakes.
        ("Paris", "FR"),
        ("London", "GB"),
        ("Hyderabad", "IN"),
        ("Melbourne", "AU"),
    ];
    for (name, country) in cities {
        let place = book.find_city(name, None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(place.country.as_deref(), Some(country), "{name}");
    }
    let ontario = book.find_city("London, CA", None).expect("London in Ontario");
    assert!((40.0..45.0).contains(&ontario.lat), "{ontario:?}");
    let choice = book.find_city("Merida", None).expect_err("two of them").to_string();
    assert!(choice.contains("Merida, MX") && choice.contains("Merida, VE"), "{choice}");
    assert!(book.cities.len() > 2500 && book.cities.iter().all(|city| city.name.is_ascii()));
}

#[test]
fn a_city_without_measurements_is_as_far_as_its_measured_neighbour() {
    let book = book();
    let virginia = region(&book, "aws", "us-east-1");
    let ms = |city: &str| book.rtt_from_place(&book.find_city(city, None).expect("a city"), virginia).p50.millis();
    assert!((ms("Kyiv") - ms("Kiev")).abs() < 3.0, "{} {}", ms("Kyiv"), ms("Kiev"));
    assert!((75.0..120.0).contains(&ms("Berlin")), "{}", ms("Berlin"));
    let frankfurt = region(&book, "aws", "eu-central-1");
    let berlin = book.rtt_from_place(&book.find_city("Berlin", None).expect("Berlin"), frankfurt);
    assert!((5.0..25.0).contains(&berlin.p50.millis()), "{berlin:?}");
}

#[test]
fn a_place_is_in_the_country_of_the_nearest_city() {
    let book = book();
    let mut known = 0;
    for (lat, lon) in (-90..=90).step_by(9).flat_map(|lat| (-180..=180).step_by(8).map(move |lon| (lat, lon))) {
        let at = (f64::from(lat), f64::from(lon));
        let away = book.cities.iter().map(|city| (great_circle_km((city.lat, city.lon), at), city));
        let near = away.filter(|(km, _)| *km <= 500.0).min_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(book.place_at(at.0, at.1).country, near.map(|(_, city)| city.country.clone()), "{at:?}");
        known += usize::from(near.is_some());
    }
    assert!(known > 100, "{known}");
}
