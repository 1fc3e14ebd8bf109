//! The embedded book, and what the parser refuses.

use super::*;

#[test]
fn the_embedded_book_loads() {
    let start = std::time::Instant::now();
    let book = PriceBook::embedded().expect("the embedded book verifies");
    eprintln!("{} offers in {:?}", book.compute.len(), start.elapsed());
    assert!(book.compute.len() >= 103_016);
    assert!(book.managed.len() > 18_000);
    let region = book.find_region("aws", "us-east-1").expect("us-east-1");
    let offers = book.compute_at(region);
    let t3 = offers.iter().find(|o| book.shape(o.shape).name == "t3.medium").expect("t3.medium");
    assert_eq!(t3.usd_hour[0], crate::units::Money::parse("0.0416").ok());
}
