//! What a bill does not contain, and what its figures assume.

use super::wire;
use crate::app::{App, Kind, ManagedChoice, PathAudience, PrivateOutbound};
use crate::problem::Problem;
use crate::problem::lower::BOOT_DISK_GB;

/// Costs that no bill of this tool contains, in words.
const NOT_IN_THE_BILL: [&str; 9] = [
    "taxes (VAT, sales tax, withholding tax)",
    "support plans",
    "discounts, credits and free tiers that are tied to an account (enterprise agreements, start-up credits, \
     12-month trials)",
    "DNS zones and queries, domain names, TLS certificates that cost money",
    "monitoring, logs, traces and audit trails",
    "CDN, DDoS protection and web application firewalls",
    "private networks between providers (VPN, interconnect)",
    "container registries, secrets and key management, CI",
    "software licences and marketplace fees",
];

/// The costs left out of every bill, then the offers left out for each component.
pub(super) fn excluded(problem: &Problem) -> Vec<wire::Excluded> {
    let bill = NOT_IN_THE_BILL.iter().map(|what| wire::Excluded {
        scope: "bill".into(),
        component: None,
        reason: (*what).to_owned(),
        offers: None,
    });
    let offers = problem.components.iter().flat_map(|component| {
        component.excluded.iter().map(|(reason, offers)| wire::Excluded {
            scope: "offers".into(),
            component: Some(component.name.clone()),
            reason: reason.clone(),
            offers: Some(*offers),
        })
    });
    bill.chain(offers).collect()
}

/// What the figures assume, in words.
pub(super) fn assumptions(app: &App) -> Vec<String> {
    let mut all = vec![
        format!("a month is {} hours; list prices in US dollars, net of tax", crate::units::HOURS_PER_MONTH),
        "GB is counted as each provider meters it (some mean GiB); the difference of up to 7.4% is not modelled".into(),
        "traffic between providers goes over the public internet and is billed by the sender; traffic in is free"
            .into(),
        "traffic inside one zone is free; with replicas in z zones, (z - 1) of z requests cross zones".into(),
    ];
    if app.components.iter().any(|c| c.kind.runs_image() || c.kind.is_data_store()) {
        all.push(format!(
            "a machine boots from a disk of {BOOT_DISK_GB} GB, bought where its price brings no local disk"
        ));
    }
    all.push(
        "a private component that talks to another provider is not charged for the address or NAT gateway it goes out \
         by; state `outbound_gb_month` to have it counted"
            .into(),
    );
    if app.components.iter().any(|c| matches!(c.kind, Kind::ObjectStorage | Kind::StaticSite)) {
        all.push("base fees and free steps of object storage are counted for each component on its own".into());
    }
    all.extend(operator_hours(app));
    all.extend(app.components.iter().filter_map(|c| Some(interruptions(&c.name, c.mixed?))));
    if !app.sharing.is_empty() {
        all.push(
            "a machine that several components share runs all month, also for a job; what they take adds up to at most \
             what it has, with no reserve"
                .into(),
        );
    }
    if app.private_outbound == PrivateOutbound::Nat && app.components.iter().any(|c| c.kind.runs_image() && !c.public) {
        all.push("components that are not public reach the internet through the region's NAT gateway".into());
    }
    if app.paths.iter().any(|path| path.audience == PathAudience::Weighted) {
        all.push("a path without a named audience is the average over all audiences, weighted by share".into());
    }
    if !app.paths.is_empty() {
        all.push(
            "a path's p95 is the sum of its hops' p95, an upper estimate; distances are modelled where no \
                  measurement exists"
                .into(),
        );
    }
    all
}

/// The rate and hours of people who run packaged data stores, if any could be packaged.
fn operator_hours(app: &App) -> Option<String> {
    let possible = |c: &crate::app::Component| c.kind.is_data_store() && c.managed != ManagedChoice::Only;
    app.components.iter().any(possible).then(|| {
        let operations = &app.operations;
        let origin = if operations.stated { "as stated in the file" } else { "default; set it under [operations]" };
        format!(
            "a data store that the team runs itself takes {} operator hours a month at {} ({origin})",
            operations.packaged_hours_month, operations.usd_hour
        )
    })
}

/// The interruption model of a component's spot machines.
fn interruptions(name: &str, mixed: crate::app::Mixed) -> String {
    let origin = if mixed.stated {
        "as stated in the file"
    } else {
        "assumed where the file does not say; set it under `mixed`"
    };
    format!(
        "each spot machine of {name} is interrupted {} times a month, and an on-demand machine stands in for {} minutes \
         each time ({origin})",
        mixed.interruptions_month,
        mixed.stand_in_hours.times(60)
    )
}
