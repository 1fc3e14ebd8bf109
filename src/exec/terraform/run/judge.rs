//! What a plan of the binary would do, before it is done: nothing that holds data or serves may go, but what the step is about.

use crate::exec::{Failure, FailureKind};
use std::collections::BTreeSet;

/// Types of what must never go or be replaced for a side that stays: machines, databases, disks, buckets, load balancers.
const KEPT: [&str; 27] = [
    "aws_instance",
    "aws_db_instance",
    "aws_rds_cluster",
    "aws_elasticache_replication_group",
    "aws_ebs_volume",
    "aws_s3_bucket",
    "aws_lb",
    "google_compute_instance",
    "google_compute_disk",
    "google_sql_database_instance",
    "google_redis_instance",
    "google_storage_bucket",
    "google_compute_global_address",
    "azurerm_linux_virtual_machine",
    "azurerm_managed_disk",
    "azurerm_postgresql_flexible_server",
    "azurerm_mysql_flexible_server",
    "azurerm_redis_cache",
    "azurerm_managed_redis",
    "azurerm_storage_account",
    "azurerm_storage_container",
    "azurerm_lb",
    "hcloud_server",
    "hcloud_volume",
    "hcloud_load_balancer",
    "random_password",
    "random_id",
];

/// A change of a plan.
struct Change {
    address: String,
    kind: String,
    name: String,
    goes: bool,
    /// Whether it was never finished: the binary ended while it was being made.
    unfinished: bool,
}

/// The changes that a plan's JSON lines announce.
fn changes(lines: &str) -> Vec<Change> {
    let change = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let text = |pointer: &str| line.pointer(pointer).and_then(serde_json::Value::as_str).map(str::to_owned);
        if text("/type")? != "planned_change" {
            return None;
        }
        let (address, action) = (text("/change/resource/addr")?, text("/change/action")?);
        let (kind, name) = (text("/change/resource/resource_type")?, text("/change/resource/resource_name")?);
        // A rehearsal's resource has the type that it stands for in its name.
        let stands = KEPT.iter().find_map(|kept| {
            let name = name.strip_prefix(&format!("{kept}_"))?;
            Some(((*kept).to_owned(), name.to_owned()))
        });
        let (kind, name) = if kind == "terraform_data" { stands.unwrap_or((kind, name)) } else { (kind, name) };
        let goes = matches!(action.as_str(), "delete" | "replace" | "remove");
        let unfinished = action == "replace" && text("/change/reason").is_some_and(|reason| reason == "tainted");
        Some(Change { address, kind, name, goes, unfinished })
    };
    lines.lines().filter_map(change).collect()
}

/// Whether a name is one of a side's: its label, or its label with an ending.
fn is_of(name: &str, label: &str) -> bool {
    name.strip_prefix(label).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Refuses a plan, by the lines of `plan -json`, that would take away or replace what stays. What was left unfinished of the
/// side that the step is making is made anew: nobody has been sent to it.
///
/// # Errors
/// [`FailureKind::Refused`].
pub fn judge(lines: &str, stay: &BTreeSet<String>, making: Option<&str>) -> Result<(), Failure> {
    let begun = |change: &Change| change.unfinished && making.is_some_and(|label| is_of(&change.name, label));
    let stays = |change: &Change| stay.iter().any(|label| is_of(&change.name, label)) && !begun(change);
    let hurt: Vec<String> = changes(lines)
        .into_iter()
        .filter(|change| change.goes && KEPT.contains(&change.kind.as_str()) && stays(change))
        .map(|change| change.address)
        .collect();
    if hurt.is_empty() {
        return Ok(());
    }
    let what = format!(
        "nothing was done: it would take away or replace {}, which this step must leave alone",
        hurt.join(", ")
    );
    Err(Failure::new(FailureKind::Refused, what)
        .help("look at the configuration in the folder; `terraform plan` there says why"))
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::exec::FailureKind;
    use std::collections::BTreeSet;

    #[test]
    fn what_stays_is_never_taken_away() {
        let planned = |kind: &str, name: &str, action: &str, reason: &str| {
            let resource =
                format!("{{\"addr\":\"{kind}.{name}\",\"resource_type\":\"{kind}\",\"resource_name\":\"{name}\"}}");
            let change = format!("{{\"resource\":{resource},\"action\":\"{action}\",\"reason\":\"{reason}\"}}");
            format!("not JSON\n{{\"type\":\"version\"}}\n{{\"type\":\"planned_change\",\"change\":{change}}}\n")
        };
        let plan = |kind: &str, name: &str, action: &str| planned(kind, name, action, "cannot_update");
        let stay = BTreeSet::from(["web_0123456789ab".to_owned()]);
        let judged = |plan: String, making: Option<&str>| {
            judge(&plan, &stay, making).is_err_and(|failure| failure.kind == FailureKind::Refused)
        };
        let refused = |plan: String| judged(plan, None);
        assert!(refused(plan("aws_instance", "web_0123456789ab", "replace")));
        assert!(refused(plan("aws_instance", "web_0123456789ab_spot", "delete")));
        assert!(refused(plan("terraform_data", "aws_instance_web_0123456789ab", "delete")));
        assert!(!refused(plan("aws_instance", "web_0123456789ab", "update")));
        assert!(!refused(plan("aws_instance", "web_ffff56789abc", "delete")));
        assert!(!refused(plan("aws_route53_record", "web_0123456789ab", "delete")));

        let left = || planned("aws_instance", "web_0123456789ab", "replace", "tainted");
        assert!(!judged(left(), Some("web_0123456789ab")), "what this step left unfinished is made anew");
        assert!(judged(left(), None) && judged(left(), Some("work_0123456789ab")), "it serves");
        assert!(judged(plan("aws_instance", "web_0123456789ab", "replace"), Some("web_0123456789ab")), "it is whole");
    }
}
