//! What all providers' machines have in common: how they are reached, and for which processor they are.

use super::calls::{self, Endpoints};
use super::model::{Draft, Gap, Part, Side, View, gap};
use super::names;
use crate::app::{App, Kind, PrivateOutbound};
use crate::units::Arch;

/// GB of the disk that a machine boots from, as in the bill.
const BOOT_GB: u32 = 20;

/// How a machine is reached from the internet; the bill has the same rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Not at all; it goes out through the region's NAT gateway.
    Private,
    /// Not at all; it goes out by an address of its own.
    Outgoing,
    /// By the public address of each machine.
    Address,
    /// Through a load balancer before its machines, which go out through the NAT gateway.
    Balanced,
    /// Through a load balancer before its machines, which go out by addresses of their own.
    BalancedOutgoing,
}

impl Exposure {
    /// Of the machines that a part leads. `nat`: the provider sells a NAT gateway.
    #[must_use]
    pub fn of(view: &View, part: &Part, nat: bool) -> Self {
        let crew = || part.crew.iter().filter_map(|side| view.component(&side.seat));
        let public = crew().any(|(ordinal, c)| c.kind == Kind::Service && view.is_public(ordinal));
        let away = crew().any(|(ordinal, _)| calls::called_from_away(view, ordinal));
        let nat = nat && view.app.private_outbound == PrivateOutbound::Nat;
        match (public, away, part.side.seat.count > 1, nat) {
            (true, false, true, true) => Self::Balanced,
            (true, false, true, false) => Self::BalancedOutgoing,
            (true, ..) | (_, true, ..) => Self::Address,
            (false, false, _, true) => Self::Private,
            (false, false, _, false) => Self::Outgoing,
        }
    }

    /// Whether its machines have public addresses.
    #[must_use]
    pub fn has_address(self) -> bool {
        matches!(self, Self::Outgoing | Self::Address | Self::BalancedOutgoing)
    }

    /// Whether its machines are open to everybody at their port.
    #[must_use]
    pub fn is_open(self, view: &View, ordinal: usize) -> bool {
        self == Self::Address && view.is_public(ordinal)
    }

    /// Whether a load balancer stands before its machines.
    #[must_use]
    pub fn is_balanced(self) -> bool {
        matches!(self, Self::Balanced | Self::BalancedOutgoing)
    }

    /// Whether it needs the region's NAT gateway.
    #[must_use]
    pub fn uses_nat(self) -> bool {
        matches!(self, Self::Private | Self::Balanced)
    }
}

/// A part with what was decided about how it is reached.
#[derive(Clone, Debug)]
pub struct Placed<'a> {
    /// The part.
    pub part: Part<'a>,
    /// Of its own machines; of one that joins another's machine the leader's counts.
    pub exposure: Exposure,
}

impl<'a> Placed<'a> {
    /// The region in names of blocks.
    #[must_use]
    pub fn r(&self) -> String {
        names::identifier(self.part.region())
    }

    /// Whose machines it runs on: its own, or its leader's; managed services are their own.
    #[must_use]
    pub fn host<'b>(&'b self, all: &'b [Placed<'a>]) -> &'b Self {
        let leads = |other: &&Placed| other.part.crew.iter().any(|side| side.label() == self.part.label);
        if self.part.on_machines() { all.iter().find(leads).unwrap_or(self) } else { self }
    }

    /// Whether machines are made for it, and not only its container on another's.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.part.on_machines() && !self.part.crew.is_empty()
    }

    /// The stores among its crew that have a password.
    #[must_use]
    pub fn stores(&self, view: &View) -> Vec<String> {
        let secret = |side: &&&Side| {
            view.component(&side.seat).is_some_and(|(_, c)| c.kind.is_data_store() && c.kind != Kind::Kafka)
        };
        self.part.crew.iter().filter(secret).map(|side| side.label()).collect()
    }

    /// GB of the volume for its crew's data; `None`: it keeps none.
    #[must_use]
    pub fn volume_gb(&self, view: &View) -> Option<i64> {
        let mut stores = self
            .part
            .crew
            .iter()
            .filter_map(|side| view.component(&side.seat))
            .filter(|(_, c)| c.kind.is_data_store())
            .peekable();
        stores.peek()?;
        let gb = |(_, c): (usize, &crate::app::Component)| c.disk_gb.max.micros().div_euclid(1_000_000);
        Some(stores.map(gb).sum::<i64>().max(10))
    }

    /// GB of the disk that its machines boot from: data of images stands on it, too.
    #[must_use]
    pub fn boot_gb(&self, view: &View) -> u32 {
        if self.volume_gb(view).is_some() { BOOT_GB } else { BOOT_GB.saturating_add(self.part.disk_gb()) }
    }

    /// Labels of the buckets that its crew calls and that this module makes.
    #[must_use]
    pub fn buckets(&self, view: &View, known: &Endpoints) -> Vec<String> {
        let called =
            self.part.crew.iter().filter_map(|side| view.component(&side.seat)).flat_map(|(at, _)| view.called(at));
        let mut labels: Vec<String> = called
            .flat_map(|called| view.serving(called))
            .map(Side::label)
            .filter(|label| known.get(label).is_some_and(|near| near.bucket.is_some()))
            .collect();
        labels.sort();
        labels.dedup();
        labels
    }
}

/// Parts of a provider, without those that it cannot make.
pub fn placed<'a>(
    view: &View<'a>,
    draft: &mut Draft,
    nat: bool,
    refusal: fn(&Part) -> Option<String>,
) -> Vec<Placed<'a>> {
    let mut all = Vec::new();
    for part in view.parts(&mut draft.module.gaps) {
        match refusal(&part) {
            Some(why) => draft.module.gaps.push(gap(&part.side.seat, why)),
            None => all.push(Placed { exposure: Exposure::of(view, &part, nat), part }),
        }
    }
    for placed in all.iter().filter(|placed: &&Placed| placed.part.component.kind.is_data_store()) {
        for called in view.called(placed.part.ordinal) {
            let what = format!("{} -> {}", placed.part.component.name, view.app.components[called].name);
            let why = "a store calls nothing by itself; whatever carries this is yours to set up".to_owned();
            draft.module.gaps.push(Gap { what, place: format!("{}:{}", view.provider, placed.part.region()), why });
        }
    }
    all
}

/// A remark where a NAT gateway is made that the bill does not know, since nothing states that it goes out.
#[must_use]
pub fn unbilled_nat(app: &App, provider: &str, region: &str, parts: &[&Part]) -> Option<String> {
    let states = |part: &&Part| part.component.outbound_gb_month.max.micros() > 0;
    (!parts.iter().any(states)).then(|| {
        format!(
            "{provider}:{region}: machines without a public address fetch their images through a NAT gateway, which is not \
             in the bill, since no component of {} there states `outbound_gb_month`; `network.private_outbound = \
             \"public_ip\"` gives each an address instead",
            app.name
        )
    })
}

/// The processor of a machine, from its name.
#[must_use]
pub fn arch(provider: &str, offer: &str) -> Arch {
    let arm = match provider {
        "aws" => aws_is_arm(offer),
        // T2A and the Axion families; A4X has NVIDIA's Grace.
        "gcp" => ["t2a-", "c4a-", "n4a-", "a4x-"].iter().any(|family| offer.starts_with(family)),
        "azure" => azure_is_arm(offer),
        "hetzner" => offer.starts_with("cax"),
        _ => false,
    };
    if arm { Arch::Arm64 } else { Arch::X86_64 }
}

/// `a1`, and families with a `g` after the generation: `m6g`, `c7gn`, `im4gn`; not `g5`.
fn aws_is_arm(offer: &str) -> bool {
    let family = offer.split('.').next().unwrap_or_default();
    let after = family.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    // `p6e-gb200` has NVIDIA's Grace, too.
    family == "a1" || after.split('-').next().is_some_and(|letters| letters.contains('g')) || family.contains("-gb")
}

/// A `p` among the letters after the number of vCPUs: `Standard_D16pls_v6`.
fn azure_is_arm(offer: &str) -> bool {
    let size = offer.trim_start_matches("Standard_").trim_start_matches("Basic_");
    let after = size.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    let letters: String = after.chars().take_while(char::is_ascii_lowercase).collect();
    letters.contains('p') || size.contains("GB200") || size.contains("GB300")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every machine of the price book that placer has, against what its provider says.
    #[test]
    fn processors_are_told_from_names() {
        let mut wrong = Vec::new();
        for (provider, table) in [
            ("aws", include_str!("../../../pricing-data/shapes/aws.csv")),
            ("gcp", include_str!("../../../pricing-data/shapes/gcp.csv")),
            ("azure", include_str!("../../../pricing-data/shapes/azure.csv")),
            ("hetzner", include_str!("../../../pricing-data/shapes/hetzner.csv")),
        ] {
            for line in table.lines().skip(1) {
                let mut cells = line.split(',');
                let (name, said) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
                let told = if arch(provider, name) == Arch::Arm64 { "arm64" } else { "x86_64" };
                if told != said {
                    wrong.push(format!("{provider} {name}: {told}, and is {said}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
