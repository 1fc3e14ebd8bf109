//! What all providers' machines have in common: how they are reached, and for which processor they are.

use super::calls;
use super::model::{Part, View};
use crate::app::{App, Kind, PrivateOutbound};
use crate::units::Arch;

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
