//! Whether a plan can be carried out at all, before its first step: all that is missing or cannot be done, in one failure.

use super::Terraform;
use super::binary;
use super::converge::configuration;
use super::folder::Records;
use crate::app::{App, Kind};
use crate::exec::terraform::Side;
use crate::exec::terraform::model::View;
use crate::exec::terraform::names::base;
use crate::exec::{Failure, FailureKind};
use crate::plan::{Action, Change, Moved, Placement, Plan, Seat};
use std::collections::BTreeSet;

/// A secret that is not set.
pub fn no_secret(name: &str) -> Failure {
    Failure::new(FailureKind::Missing, format!("the secret {name} is not in the environment"))
        .help(format!("set {name} before placer is started"))
}

/// Looks for all that is missing.
pub fn ready(terraform: &Terraform, app: &App, plan: &Plan) -> Result<(), Failure> {
    let mut failures = Vec::new();
    failures.extend(binary::find(terraform.settings.binary.as_deref()).err());
    failures.extend(unmade(terraform, app, plan));
    failures.extend(variables(terraform, app, plan));
    for moved in &plan.moved {
        failures.extend(data(plan, moved));
        failures.extend(traffic(terraform, app, plan, moved));
        failures.extend(shared(plan, moved));
    }
    together(failures)
}

/// One failure of several: what is missing comes before what cannot be done, since it is asked for first.
fn together(failures: Vec<Failure>) -> Result<(), Failure> {
    let missing = failures.iter().any(|failure| failure.kind == FailureKind::Missing);
    let refused = failures.iter().any(|failure| failure.kind != FailureKind::Missing);
    let kind = if missing && !refused { FailureKind::Missing } else { FailureKind::Refused };
    let (mut what, mut help): (Vec<String>, Vec<String>) = failures.into_iter().map(|f| (f.what, f.help)).unzip();
    what.dedup();
    help.retain(|help| !help.is_empty());
    help.dedup();
    if what.is_empty() { Ok(()) } else { Err(Failure::new(kind, what.join("; ")).help(help.join("; "))) }
}

fn refused(what: String) -> Failure {
    Failure::new(FailureKind::Refused, what)
}

/// All sides of a placement.
fn sides(placement: &Placement) -> Vec<Side> {
    placement.seats.iter().map(|seat| Side::whole(seat, "plan")).collect()
}

/// What no configuration is made for in the end, and was made for before.
fn unmade(terraform: &Terraform, app: &App, plan: &Plan) -> Vec<Failure> {
    let gaps = |placement: &Placement| {
        let records = Records { sides: sides(placement), ..Records::default() };
        let made = configuration(terraform, app, &records, &[]);
        made.all_gaps().into_iter().cloned().collect::<BTreeSet<_>>()
    };
    let before = gaps(&plan.from);
    let new = gaps(&plan.to).into_iter().filter(|gap| !before.contains(gap));
    new.map(|gap| refused(format!("{} at {}: {}", gap.what, gap.place, gap.why))).collect()
}

/// Values that only the environment has: secrets, and what a provider wants to know.
fn variables(terraform: &Terraform, app: &App, plan: &Plan) -> Vec<Failure> {
    let records = Records { sides: sides(&plan.to), ..Records::default() };
    let made = configuration(terraform, app, &records, &[]);
    let mut failures = Vec::new();
    for (provider, module) in &made.modules {
        let here = plan.moved.iter().filter_map(|m| m.to.as_ref()).any(|seat| seat.provider == *provider);
        for (_, name) in module.secrets.iter().filter(|_| here) {
            failures.extend(std::env::var_os(name).is_none().then(|| no_secret(name)));
        }
        if !terraform.settings.rehearsal && here {
            failures.extend(credentials(provider));
            let declared = crate::exec::terraform::tree::read(&module.files).unwrap_or_default();
            for top in declared.iter().filter(|top| top.kind == "variable" && top.body.get("default").is_none()) {
                let name = top.labels.first().cloned().unwrap_or_default();
                let secret = module.secrets.iter().any(|(variable, _)| *variable == name);
                if !secret && std::env::var_os(format!("TF_VAR_{name}")).is_none() {
                    let what = format!("{provider} needs a value for `{name}`");
                    let help = format!("set TF_VAR_{name}");
                    failures.push(Failure::new(FailureKind::Missing, what).help(help));
                }
            }
        }
    }
    failures
}

/// Where a provider's plugin looks for credentials: environment variables, and files below the home folder. What machines at a
/// provider find by themselves cannot be seen from here, so only the usual ways are asked for.
fn credentials(provider: &str) -> Option<Failure> {
    let (variables, files): (&[&str], &[&str]) = match provider {
        "aws" => (
            &[
                "AWS_ACCESS_KEY_ID",
                "AWS_PROFILE",
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            ],
            &[".aws/credentials", ".aws/config"],
        ),
        "gcp" => (
            &["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN"],
            &[".config/gcloud/application_default_credentials.json"],
        ),
        "azure" => (&["ARM_CLIENT_ID", "ARM_USE_MSI", "ARM_USE_OIDC"], &[".azure/azureProfile.json"]),
        _ => (&["HCLOUD_TOKEN"], &[]),
    };
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let home = std::env::var_os("HOME").map(std::path::PathBuf::from);
    let there = |file: &&str| home.as_ref().is_some_and(|home| home.join(file).exists());
    if variables.iter().any(set) || files.iter().any(there) {
        return None;
    }
    let what = format!("there are no credentials for {provider}");
    Some(Failure::new(FailureKind::Missing, what).help(format!("set {}", variables[0])))
}

/// A store that moves with its data.
fn data(plan: &Plan, moved: &Moved) -> Option<Failure> {
    let copies =
        |step: &&crate::plan::Step| step.component == moved.component && matches!(step.action, Action::Copy(_));
    plan.steps.iter().find(copies)?;
    let what =
        format!("`{}` would have to move with its data, and the executor terraform moves no data", moved.component);
    Some(refused(what).help("keep it where it is (`never` in the policy), or move it yourself"))
}

/// Whether the traffic of something that moves can be shifted, by the shares that the plan has.
fn traffic(terraform: &Terraform, app: &App, plan: &Plan, moved: &Moved) -> Vec<Failure> {
    let (Some(from), Some(to), Change::Move) = (&moved.from, &moved.to, moved.change) else { return Vec::new() };
    let Some(ordinal) = app.components.iter().position(|component| component.name == base(&moved.component)) else {
        return Vec::new();
    };
    let sides = [sides(&plan.from), sides(&plan.to)].concat();
    let view = View { app, sides: &sides, provider: &to.provider, zone: None };
    let partly = plan.steps.iter().any(|step| {
        step.component == moved.component && matches!(step.action, Action::Shift { percent } if percent < 100)
    });
    let mut failures = Vec::new();
    if view.has_users(ordinal) {
        match &terraform.settings.zone {
            None => {
                let what =
                    format!("users reach `{}` by its address, and no name can be turned to another", moved.component);
                failures.push(refused(what).help("set a public zone (`zone` in settings.toml, docs/terraform.md)"));
            }
            // Only Route 53 has names that lead to a load balancer without an address of its own.
            Some(zone)
                if zone.provider != "aws"
                    && [from, to].iter().any(|seat| seat.provider == "aws" && balanced(&view, ordinal, seat)) =>
            {
                let what =
                    format!("`{}` has a load balancer of AWS, which only a zone at AWS can lead to", moved.component);
                failures.push(refused(what));
            }
            Some(_) => {}
        }
    }
    for caller in view.callers(ordinal) {
        let balancer = app.components[caller].kind == Kind::LoadBalancer;
        for provider in view.sides_of(caller).map(|side| side.seat.provider.as_str()).collect::<BTreeSet<_>>() {
            let name = &app.components[caller].name;
            let why = match provider {
                "hetzner" if !balancer => "hetzner has no names inside its networks that could be turned",
                "azure" | "hetzner" if partly => "its load balancers and names know no weights",
                _ => continue,
            };
            let what = format!("`{name}` at {provider} calls `{}`: {why}", moved.component);
            failures.push(refused(what).help("plan the shift in one step, or move both"));
        }
    }
    failures
}

/// Whether a load balancer stands before a side.
fn balanced(view: &View, ordinal: usize, seat: &Seat) -> bool {
    view.app.components[ordinal].kind == Kind::LoadBalancer || seat.count > 1
}

/// A component that comes to, or leaves, a machine that stays: the machine would be replaced under those who stay on it.
fn shared(plan: &Plan, moved: &Moved) -> Vec<Failure> {
    let stays = |leader: &str| !plan.moved.iter().any(|other| other.component == leader);
    let on = [&moved.from, &moved.to].into_iter().flatten().filter_map(|seat| seat.machine_of.as_deref());
    let hurt = on.filter(|leader| stays(leader));
    hurt.map(|leader| {
        let what = format!("`{}` shares the machine of `{leader}`, which stays and would be replaced", moved.component);
        refused(what).help(format!("move `{}` along, or give it a machine of its own", base(leader)))
    })
    .collect()
}
