//! Names: of resources at providers, of blocks in a configuration, of environment variables. All are made from the names of
//! the application and the component (lower-case letters, digits, `-`, `_`, at most 63 characters) and a seat's identity.

use crate::plan::Seat;

/// What tells a component in names of its own: `web` for `web`, `web-2` for replica `web#2`.
#[must_use]
pub fn component(seat: &Seat) -> String {
    seat.component.replace('#', "-")
}

/// The component of the application that a seat is a replica of.
#[must_use]
pub fn base(seat: &str) -> &str {
    seat.split_once('#').map_or(seat, |(name, _)| name)
}

/// An identifier: `match-eu` is `match_eu`; a digit at the front gets a `_` before it.
#[must_use]
pub fn identifier(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// The label of a side's blocks: the component and [`Seat::id`], so that two sides stand beside each other.
#[must_use]
pub fn label(seat: &Seat) -> String {
    format!("{}_{}", identifier(&component(seat)), seat.id())
}

/// Prefix of a component's environment variables: `match-eu` is `MATCH_EU`.
#[must_use]
pub fn variable(component: &str) -> String {
    identifier(component).to_ascii_uppercase()
}

/// Letters, digits and single hyphens, a letter first, neither end a hyphen: what every provider takes.
#[must_use]
pub fn hyphened(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }) {
        if c != '-' || !(out.is_empty() || out.ends_with('-')) {
            out.push(c);
        }
    }
    let out = out.trim_end_matches('-');
    // What providers keep for themselves: security groups and load balancers at AWS, buckets at Google.
    let kept = ["sg-", "internal-", "goog"].iter().any(|head| out.starts_with(head));
    if kept || out.starts_with(|c: char| c.is_ascii_digit()) { format!("a{out}") } else { out.to_owned() }
}

/// A name of at most `max` characters that only this side has: what is cut off is the front, never the identity.
#[must_use]
pub fn side(app: &str, seat: &Seat, max: usize) -> String {
    let id = seat.id();
    let mut head = hyphened(&format!("{app}-{}", component(seat)));
    head.truncate(max.saturating_sub(id.len() + 1));
    format!("{}-{id}", head.trim_end_matches('-'))
}

/// A side's name without anything but letters and digits (storage accounts at Azure take 24).
#[must_use]
pub fn compact(app: &str, seat: &Seat, max: usize) -> String {
    let id = seat.id();
    let mut head: String = hyphened(&format!("{app}-{}", component(seat))).replace('-', "");
    head.truncate(max.saturating_sub(id.len()));
    head + &id
}

/// A name of at most `max` characters of the application's own; what is cut off is the end.
#[must_use]
pub fn app(app: &str, max: usize) -> String {
    let mut name = hyphened(app);
    name.truncate(max);
    name.trim_end_matches('-').to_owned()
}

/// A value that may be a label everywhere: lower-case letters, digits, `-` and `_`, at most 63.
#[must_use]
pub fn tag(value: &str) -> String {
    let plain = |c: char| {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' }
    };
    let mut out: String = value.chars().map(plain).collect();
    out.truncate(63);
    out.trim_matches(['-', '_']).to_owned()
}

/// The first of 4,096 private blocks of 4,096 addresses that a region takes, from its name: it stays when regions come and go.
#[must_use]
pub fn block_of_region(provider: &str, region: &str) -> u32 {
    // FNV-1a: short, stable over versions of Rust, and spreads short names well.
    let hash = format!("{provider}:{region}")
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) & 0xfff
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Kind;
    use crate::units::Purchase;

    fn seat(component: &str) -> Seat {
        Seat {
            component: component.to_owned(),
            kind: Kind::Service,
            provider: "aws".into(),
            region: "eu-west-1".into(),
            offer: "m6g.large".into(),
            purchase: Purchase::OnDemand,
            count: 1,
            above: Vec::new(),
            form: None,
            machine_of: None,
            usd_month: None,
        }
    }

    #[test]
    fn names_stay_within_limits_and_keep_the_identity() {
        let long = "a".repeat(63);
        for max in [24_usize, 32, 40, 63] {
            let name = side(&long, &seat(&long), max);
            assert!(name.len() <= max && name.ends_with(&seat(&long).id()), "{name}");
            assert!(compact(&long, &seat(&long), max).len() <= max);
        }
        assert_eq!(label(&seat("match-eu#2")), format!("match_eu_2_{}", seat("match-eu#2").id()));
        assert_eq!(hyphened("3d__shop-"), "a3d-shop");
        assert_eq!(tag("web/shift-50"), "web-shift-50");
        assert_ne!(label(&seat("web-2")), label(&seat("web#2")));
    }
}
