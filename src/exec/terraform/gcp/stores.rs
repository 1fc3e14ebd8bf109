//! Managed stores: Cloud SQL, Memorystore, Cloud Storage.

use crate::app::Kind;
use crate::exec::terraform::calls::{Endpoint, USER};
use crate::exec::terraform::containers;
use crate::exec::terraform::hcl::{block, list, quoted, raw, resource};
use crate::exec::terraform::machines::Placed;
use crate::exec::terraform::model::{Draft, Part, View};
use crate::exec::terraform::names;
use crate::plan::Form;

/// Port of Memorystore with encryption.
const REDIS_TLS_PORT: u16 = 6_378;

/// `custom 2 vCPU 8 GiB` as the API names it: `db-custom-2-8192`.
fn sql_tier(offer: &str) -> Option<String> {
    let words: Vec<&str> = offer.split(' ').collect();
    let before = |unit: &str| words.iter().position(|word| *word == unit).and_then(|at| words.get(at.checked_sub(1)?));
    let cpu: u32 = before("vCPU")?.parse().ok()?;
    // Quarters of a GiB are whole MiB.
    let (whole, part) = before("GiB")?.split_once('.').unwrap_or((before("GiB")?, "0"));
    let quarters: u32 = match part {
        "0" => 0,
        "25" => 256,
        "5" => 512,
        "75" => 768,
        _ => return None,
    };
    Some(format!("db-custom-{cpu}-{}", whole.parse::<u32>().ok()?.checked_mul(1_024)? + quarters))
}

/// GiB of a Memorystore offer.
fn redis_gb(offer: &str) -> Option<u32> {
    let words: Vec<&str> = offer.split(' ').collect();
    words[words.iter().position(|word| *word == "GiB")?.checked_sub(1)?].parse().ok()
}

fn multi_zone(offer: &str) -> bool {
    offer.ends_with(" multi-zone")
}

/// Why nothing is made for a part; `None`: it is.
pub fn refusal(part: &Part) -> Option<String> {
    let offer = &part.side.seat.offer;
    match (part.form, part.component.kind) {
        (Form::Managed, Kind::Kafka) => Some(format!("`{offer}`: managed Kafka is not generated yet")),
        (Form::Managed, Kind::Postgres | Kind::Mysql)
            if !offer.starts_with("Cloud SQL ") || sql_tier(offer).is_none() =>
        {
            Some(format!("`{offer}` is no tier of Cloud SQL that is generated"))
        }
        (Form::Managed, Kind::Redis) if redis_gb(offer).is_none() => {
            Some(format!("`{offer}` is no tier of Memorystore that is generated"))
        }
        (Form::Managed, Kind::LoadBalancer) if offer != "Cloud Load Balancing" => {
            Some(format!("`{offer}` is no load balancer that is generated"))
        }
        (Form::Managed, Kind::ObjectStorage | Kind::StaticSite) if !offer.starts_with("Cloud Storage") => {
            Some(format!("`{offer}` is no class of Cloud Storage"))
        }
        _ => None,
    }
}

/// How a managed store is reached.
pub fn endpoint(part: &Part) -> Endpoint {
    let label = &part.label;
    match part.component.kind {
        Kind::Redis => Endpoint {
            host: Some(format!("google_redis_instance.{label}.host")),
            password: Some(format!("google_redis_instance.{label}.auth_string")),
            port: Some(REDIS_TLS_PORT),
            tls: true,
            ..Endpoint::default()
        },
        Kind::Postgres | Kind::Mysql => Endpoint {
            host: Some(format!("google_sql_database_instance.{label}.private_ip_address")),
            password: Some(format!("random_password.{label}.result")),
            tls: true,
            ..Endpoint::default()
        },
        kind => {
            let site = kind == Kind::StaticSite;
            let name = format!("google_storage_bucket.{label}.name");
            Endpoint {
                host: Some(quoted("storage.googleapis.com")),
                public: site.then(|| format!("[\"https://storage.googleapis.com/${{{name}}}/index.html\"]")),
                bucket: Some(name),
                ..Endpoint::default()
            }
        }
    }
}

/// The blocks of a managed store.
pub fn managed(view: &View, draft: &mut Draft, placed: &Placed) {
    match placed.part.component.kind {
        Kind::Redis => redis(view, draft, placed),
        Kind::Postgres | Kind::Mysql => database(view, draft, placed),
        _ => bucket(view, draft, placed),
    }
}

fn database(view: &View, draft: &mut Draft, placed: &Placed) {
    let part = &placed.part;
    let (label, file) = (&part.label, part.file());
    let offer = &part.side.seat.offer;
    let postgres = part.component.kind == Kind::Postgres;
    draft.push(&file, containers::password(label));
    // A name stays taken for a week after the instance is gone.
    draft.push(&file, resource("random_id", label).set("byte_length", 4_i64));
    let name = names::side(&view.app.name, &part.side.seat, 70);
    let net = block("ip_configuration", [])
        .set("ipv4_enabled", false)
        .raw("private_network", "google_compute_network.main.id")
        .set("ssl_mode", "ENCRYPTED_ONLY");
    let log = if postgres { "point_in_time_recovery_enabled" } else { "binary_log_enabled" };
    let backup = block("backup_configuration", []).set("enabled", true).set(log, true);
    let settings = block("settings", [])
        .set("tier", sql_tier(offer).unwrap_or_default())
        .set("edition", "ENTERPRISE")
        .set("availability_type", if multi_zone(offer) { "REGIONAL" } else { "ZONAL" })
        .set("disk_type", "PD_SSD")
        .set("disk_size", part.disk_gb().max(10))
        .raw("user_labels", format!("local.{label}_labels"))
        .with(net)
        .with(backup);
    let instance = resource("google_sql_database_instance", label)
        .raw("name", format!("\"{name}-${{random_id.{label}.hex}}\""))
        .set("region", part.region())
        .set("database_version", if postgres { "POSTGRES_17" } else { "MYSQL_8_4" })
        .set("deletion_protection", false)
        .set("depends_on", list([raw("google_service_networking_connection.services")]))
        .with(settings);
    draft.push(&file, instance);
    let of = |kind: &str, name: &str| {
        let instance = format!("google_sql_database_instance.{label}.name");
        resource(kind, label).set("name", name).raw("instance", instance)
    };
    draft.push(&file, of("google_sql_database", "app"));
    draft.push(&file, of("google_sql_user", USER).raw("password", format!("random_password.{label}.result")));
}

fn redis(view: &View, draft: &mut Draft, placed: &Placed) {
    let part = &placed.part;
    let offer = &part.side.seat.offer;
    let instance = resource("google_redis_instance", &part.label)
        .set("name", names::side(&view.app.name, &part.side.seat, 40))
        .set("region", part.region())
        .set("tier", if multi_zone(offer) { "STANDARD_HA" } else { "BASIC" })
        .set("memory_size_gb", redis_gb(offer).unwrap_or(1))
        .set("redis_version", "REDIS_7_2")
        .raw("authorized_network", "google_compute_network.main.id")
        .set("connect_mode", "PRIVATE_SERVICE_ACCESS")
        .set("auth_enabled", true)
        .set("transit_encryption_mode", "SERVER_AUTHENTICATION")
        .raw("labels", format!("local.{}_labels", part.label))
        .set("depends_on", list([raw("google_service_networking_connection.services")]))
        .with(
            block("persistence_config", [])
                .set("persistence_mode", "RDB")
                .set("rdb_snapshot_period", "TWENTY_FOUR_HOURS"),
        );
    draft.push(&part.file(), instance);
}

fn bucket(view: &View, draft: &mut Draft, placed: &Placed) {
    let part = &placed.part;
    let (label, file) = (&part.label, part.file());
    let site = part.component.kind == Kind::StaticSite;
    // Names of buckets are one space for everybody.
    draft.push(&file, resource("random_id", label).set("byte_length", 4_i64));
    let name = names::side(&view.app.name, &part.side.seat, 50);
    let bucket = resource("google_storage_bucket", label)
        .raw("name", format!("\"{name}-${{random_id.{label}.hex}}\""))
        .set("location", part.region().to_ascii_uppercase())
        .set("storage_class", "STANDARD")
        .set("uniform_bucket_level_access", true)
        .set("public_access_prevention", if site { "inherited" } else { "enforced" })
        .raw("labels", format!("local.{label}_labels"))
        .with(block("versioning", []).set("enabled", true))
        .when(site, |bucket| bucket.with(block("website", []).set("main_page_suffix", "index.html")));
    draft.push(&file, bucket);
    if site {
        let member = resource("google_storage_bucket_iam_member", label)
            .raw("bucket", format!("google_storage_bucket.{label}.name"))
            .set("role", "roles/storage.objectViewer")
            .set("member", "allUsers");
        draft.push(&file, member);
    }
}

#[cfg(test)]
mod tests {
    use super::{redis_gb, sql_tier};

    #[test]
    fn tiers_are_read_from_offers() {
        assert_eq!(
            sql_tier("Cloud SQL Enterprise custom 4 vCPU 16 GiB multi-zone").as_deref(),
            Some("db-custom-4-16384")
        );
        assert_eq!(sql_tier("Cloud SQL Enterprise custom 1 vCPU 3.75 GiB").as_deref(), Some("db-custom-1-3840"));
        assert_eq!(sql_tier("Cloud SQL something"), None);
        assert_eq!(redis_gb("Memorystore for Redis M2 5 GiB multi-zone"), Some(5));
    }
}
