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
struct Change<'a> {
    address: &'a str,
    kind: &'a str,
    name: &'a str,
    goes: bool,
}

fn changes(plan: &serde_json::Value) -> Vec<Change<'_>> {
    let change = |entry: &'_ serde_json::Value| {
        let text = |key: &str| entry.get(key).and_then(serde_json::Value::as_str);
        let actions = entry.get("change")?.get("actions")?.as_array()?;
        let goes = actions.iter().any(|action| action.as_str() == Some("delete"));
        Some((text("address")?.to_owned(), goes))
    };
    let entries = plan.get("resource_changes").and_then(serde_json::Value::as_array);
    let entries = entries.into_iter().flatten();
    entries
        .filter_map(|entry| {
            let (_, goes) = change(entry)?;
            let text = |key: &str| entry.get(key).and_then(serde_json::Value::as_str);
            let (kind, name) = (text("type")?, text("name")?);
            // A rehearsal's resource has the type that it stands for in its name.
            let stands = KEPT.iter().find_map(|kept| name.strip_prefix(&format!("{kept}_")).map(|name| (*kept, name)));
            let (kind, name) = if kind == "terraform_data" { stands.unwrap_or((kind, name)) } else { (kind, name) };
            Some(Change { address: text("address")?, kind, name, goes })
        })
        .collect()
}

/// Whether a name is one of a side's: its label, or its label with an ending.
fn is_of(name: &str, label: &str) -> bool {
    name.strip_prefix(label).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Refuses a plan that would take away or replace what stays.
///
/// # Errors
/// [`FailureKind::Refused`].
pub fn judge(plan: &serde_json::Value, stay: &BTreeSet<String>) -> Result<(), Failure> {
    let hurt: Vec<&str> = changes(plan)
        .into_iter()
        .filter(|change| {
            change.goes && KEPT.contains(&change.kind) && stay.iter().any(|label| is_of(change.name, label))
        })
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
        let plan = |kind: &str, name: &str, actions: &str| -> serde_json::Value {
            let text = format!(
                "{{\"resource_changes\":[{{\"address\":\"{kind}.{name}\",\"type\":\"{kind}\",\"name\":\"{name}\",\"change\":{{\"actions\":{actions}}}}}]}}"
            );
            serde_json::from_str(&text).expect("JSON")
        };
        let stay = BTreeSet::from(["web_0123456789ab".to_owned()]);
        let refused =
            |plan: serde_json::Value| judge(&plan, &stay).is_err_and(|failure| failure.kind == FailureKind::Refused);
        assert!(refused(plan("aws_instance", "web_0123456789ab", "[\"delete\",\"create\"]")));
        assert!(refused(plan("aws_instance", "web_0123456789ab_spot", "[\"delete\"]")));
        assert!(refused(plan("terraform_data", "aws_instance_web_0123456789ab", "[\"delete\"]")));
        assert!(!refused(plan("aws_instance", "web_0123456789ab", "[\"update\"]")));
        assert!(!refused(plan("aws_instance", "web_ffff56789abc", "[\"delete\"]")));
        assert!(!refused(plan("aws_route53_record", "web_0123456789ab", "[\"delete\"]")));
    }
}
