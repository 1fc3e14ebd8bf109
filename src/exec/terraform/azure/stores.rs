//! Managed stores: flexible servers, Azure Cache for Redis, Azure Managed Redis, blob storage.

use super::at;
use super::network;
use crate::app::Kind;
use crate::exec::terraform::calls::{Endpoint, USER};
use crate::exec::terraform::containers;
use crate::exec::terraform::hcl::{Block, block, list, raw, resource, text};
use crate::exec::terraform::machines::Placed;
use crate::exec::terraform::model::{self, Draft, Part, View};
use crate::exec::terraform::names::{self, app, identifier};
use crate::plan::Form;

/// Days for which backups are kept.
const BACKUP_DAYS: i64 = 7;
/// Sizes that PostgreSQL flexible servers may have, in MiB.
const POSTGRES_MB: [i64; 11] =
    [32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576, 2_097_152, 4_193_280, 8_388_608, 16_777_216, 33_553_408];

/// The size of a flexible server as the API names it: `D4s_v3` is `GP_Standard_D4s_v3`.
fn sku(offer: &str) -> Option<String> {
    let size = offer.trim_end_matches(" multi-zone").rsplit(' ').next()?;
    let tier = match size.chars().next()? {
        'B' => "B",
        'D' => "GP",
        'E' => "MO",
        _ => return None,
    };
    Some(format!("{tier}_Standard_{size}"))
}

/// What a Redis offer says.
enum Redis<'a> {
    /// `Standard C3`: tier, family, capacity.
    Cache(&'a str, &'a str, i64),
    /// `Balanced B3` as the API names it: `Balanced_B3`.
    Managed(String),
}

fn redis_tier(offer: &str) -> Option<Redis<'_>> {
    let words: Vec<&str> = offer.trim_end_matches(" multi-zone").split(' ').collect();
    let (size, tier) = (words.last()?, words.get(words.len().checked_sub(2)?)?);
    if offer.starts_with("Azure Managed Redis ") {
        return Some(Redis::Managed(format!("{tier}_{size}")));
    }
    let capacity = size.get(1..)?.parse().ok()?;
    offer.starts_with("Azure Cache for Redis ").then_some(Redis::Cache(tier, &size[..1], capacity))
}

fn multi_zone(offer: &str) -> bool {
    offer.ends_with(" multi-zone")
}

/// Why nothing is made for a part; `None`: it is.
pub fn refusal(part: &Part) -> Option<String> {
    let offer = &part.side.seat.offer;
    match (part.form, part.component.kind) {
        (Form::Managed, Kind::Kafka) => Some(format!("`{offer}`: managed Kafka is not generated yet")),
        (Form::Managed, Kind::Postgres | Kind::Mysql) if !offer.contains("Flexible") || sku(offer).is_none() => {
            Some(format!("`{offer}` is no flexible server that is generated"))
        }
        (Form::Managed, Kind::Redis) if redis_tier(offer).is_none() => {
            Some(format!("`{offer}` is no tier of Redis that is generated"))
        }
        (Form::Managed, Kind::LoadBalancer) if offer != "Standard Load Balancer" => {
            Some(format!("`{offer}` is no load balancer that is generated"))
        }
        (Form::Managed, Kind::ObjectStorage | Kind::StaticSite) if offer != "Blob Hot LRS" => {
            Some(format!("`{offer}` is no blob storage that is generated"))
        }
        _ => None,
    }
}

/// The port of a part; managed Redis has TLS on ports of its own.
pub fn port(part: &Part) -> u16 {
    match (part.form, part.component.kind) {
        (Form::Managed, Kind::Redis) => match redis_tier(&part.side.seat.offer) {
            Some(Redis::Managed(_)) => 10_000,
            _ => 6_380,
        },
        _ => model::port(part.component),
    }
}

/// The private zone that a part has its name in: label and name.
pub fn zone_of(part: &Part) -> Option<(&'static str, String)> {
    if part.form != Form::Managed {
        return None;
    }
    match part.component.kind {
        Kind::Postgres => Some(("postgres", "placer.private.postgres.database.azure.com".to_owned())),
        Kind::Mysql => Some(("mysql", "placer.private.mysql.database.azure.com".to_owned())),
        Kind::Redis => Some(match redis_tier(&part.side.seat.offer)? {
            Redis::Cache(..) => ("redis", "privatelink.redis.cache.windows.net".to_owned()),
            Redis::Managed(_) => ("managed_redis", "privatelink.redis.azure.net".to_owned()),
        }),
        _ => None,
    }
}

/// How a managed store is reached.
pub fn endpoint(part: &Part) -> Endpoint {
    let label = &part.label;
    let store = |host: String, password: String| Endpoint {
        host: Some(host),
        password: Some(password),
        port: Some(port(part)),
        tls: true,
        ..Endpoint::default()
    };
    let made = format!("random_password.{label}.result");
    match part.component.kind {
        Kind::Postgres => store(format!("azurerm_postgresql_flexible_server.{label}.fqdn"), made),
        Kind::Mysql => store(format!("azurerm_mysql_flexible_server.{label}.fqdn"), made),
        Kind::Redis => match redis_tier(&part.side.seat.offer) {
            Some(Redis::Managed(_)) => store(
                format!("azurerm_managed_redis.{label}.hostname"),
                format!("azurerm_managed_redis.{label}.default_database[0].primary_access_key"),
            ),
            _ => store(
                format!("azurerm_redis_cache.{label}.hostname"),
                format!("azurerm_redis_cache.{label}.primary_access_key"),
            ),
        },
        kind => {
            let site = format!("azurerm_storage_account.{label}.primary_web_host");
            Endpoint {
                host: Some(format!("azurerm_storage_account.{label}.primary_blob_host")),
                bucket: Some(format!("azurerm_storage_container.{label}.name")),
                public: (kind == Kind::StaticSite).then(|| format!("[{site}]")),
                ..Endpoint::default()
            }
        }
    }
}

/// The blocks of a managed store.
pub fn managed(view: &View, draft: &mut Draft, placed: &Placed) {
    match placed.part.component.kind {
        Kind::Postgres => postgres(view, draft, placed),
        Kind::Mysql => mysql(view, draft, placed),
        Kind::Redis => redis(view, draft, placed),
        _ => storage(view, draft, placed),
    }
}

/// What both kinds of flexible servers have.
fn server(kind: &str, placed: &Placed, name: &str, zone: &str) -> Block {
    let part = &placed.part;
    let label = &part.label;
    let subnet = network::subnet(part);
    at(kind, label, name, part.region())
        .set("sku_name", sku(&part.side.seat.offer).unwrap_or_default())
        .set("administrator_login", USER)
        .raw("administrator_password", format!("random_password.{label}.result"))
        .raw("delegated_subnet_id", format!("azurerm_subnet.{}_{subnet}.id", placed.r()))
        .raw("private_dns_zone_id", format!("azurerm_private_dns_zone.{zone}.id"))
        .set("backup_retention_days", BACKUP_DAYS)
        .raw("tags", format!("local.{label}_tags"))
}

/// The zone must be seen from the server's network before the server is made; where it is put is Azure's choice.
fn after_zone(server: Block, placed: &Placed, zone: &str) -> Block {
    let link = format!("azurerm_private_dns_zone_virtual_network_link.{zone}_{}", placed.r());
    let spread = multi_zone(&placed.part.side.seat.offer);
    let kept = list([raw("zone"), raw("high_availability[0].standby_availability_zone")]);
    server
        .set("depends_on", list([raw(link)]))
        .when(spread, |server| server.with(block("high_availability", []).set("mode", "ZoneRedundant")))
        .with(block("lifecycle", []).set("ignore_changes", if spread { kept } else { list([raw("zone")]) }))
}

fn postgres(view: &View, draft: &mut Draft, placed: &Placed) {
    let part = &placed.part;
    let (label, file) = (&part.label, part.file());
    draft.push(&file, containers::password(label));
    let name = names::side(&view.app.name, &part.side.seat, 60);
    let wanted = i64::from(part.disk_gb()) * 1_000_000_000 / 1_048_576;
    let mb = POSTGRES_MB.into_iter().find(|mb| *mb >= wanted).unwrap_or(POSTGRES_MB[POSTGRES_MB.len() - 1]);
    let server = server("azurerm_postgresql_flexible_server", placed, &name, "postgres")
        .set("version", "17")
        .set("storage_mb", mb)
        .set("auto_grow_enabled", true)
        .set("public_network_access_enabled", false);
    draft.push(&file, after_zone(server, placed, "postgres"));
    let database = resource("azurerm_postgresql_flexible_server_database", label)
        .set("name", "app")
        .raw("server_id", format!("azurerm_postgresql_flexible_server.{label}.id"));
    draft.push(&file, database);
}

fn mysql(view: &View, draft: &mut Draft, placed: &Placed) {
    let part = &placed.part;
    let (label, file) = (&part.label, part.file());
    draft.push(&file, containers::password(label));
    let name = names::side(&view.app.name, &part.side.seat, 60);
    let storage = block("storage", []).set("size_gb", part.disk_gb().max(20)).set("auto_grow_enabled", true);
    let server = server("azurerm_mysql_flexible_server", placed, &name, "mysql").set("version", "8.4");
    draft.push(&file, after_zone(server, placed, "mysql").with(storage));
    let database = resource("azurerm_mysql_flexible_database", label)
        .set("name", "app")
        .raw("resource_group_name", format!("azurerm_resource_group.{}.name", placed.r()))
        .raw("server_name", format!("azurerm_mysql_flexible_server.{label}.name"))
        .set("charset", "utf8mb4")
        .set("collation", "utf8mb4_0900_ai_ci");
    draft.push(&file, database);
}

fn redis(view: &View, draft: &mut Draft, placed: &Placed) {
    let part = &placed.part;
    let (label, file) = (&part.label, part.file());
    let name = names::side(&view.app.name, &part.side.seat, 60);
    let offer = &part.side.seat.offer;
    let tags = format!("local.{label}_tags");
    let (kind, target) = match redis_tier(offer) {
        Some(Redis::Managed(sku)) => {
            let database = block("default_database", [])
                .set("client_protocol", "Encrypted")
                .set("access_keys_authentication_enabled", true);
            let cache = at("azurerm_managed_redis", label, &name, part.region())
                .set("sku_name", sku)
                .set("high_availability_enabled", multi_zone(offer))
                .set("public_network_access", "Disabled");
            draft.push(&file, cache.raw("tags", tags.as_str()).with(database));
            ("azurerm_managed_redis", "redisEnterprise")
        }
        Some(Redis::Cache(tier, family, capacity)) => {
            let cache = at("azurerm_redis_cache", label, &name, part.region())
                .set("sku_name", tier)
                .set("family", family)
                .set("capacity", capacity)
                .set("minimum_tls_version", "1.2")
                .set("non_ssl_port_enabled", false)
                .set("public_network_access_enabled", false)
                .when(multi_zone(offer), |cache| cache.set("zones", list(["1", "2"].map(text))));
            draft.push(&file, cache.raw("tags", tags.as_str()));
            ("azurerm_redis_cache", "redisCache")
        }
        None => return,
    };
    let Some((zone, _)) = zone_of(part) else { return };
    let connection = block("private_service_connection", [])
        .set("name", "redis")
        .raw("private_connection_resource_id", format!("{kind}.{label}.id"))
        .set("subresource_names", list([text(target)]))
        .set("is_manual_connection", false);
    let group = block("private_dns_zone_group", [])
        .set("name", "redis")
        .set("private_dns_zone_ids", list([raw(format!("azurerm_private_dns_zone.{zone}.id"))]));
    let endpoint = at("azurerm_private_endpoint", label, &name, part.region())
        .raw("subnet_id", format!("azurerm_subnet.{}_private.id", identifier(part.region())))
        .raw("tags", tags)
        .with(connection)
        .with(group);
    draft.push(&file, endpoint);
}

fn storage(view: &View, draft: &mut Draft, placed: &Placed) {
    let part = &placed.part;
    let (label, file) = (&part.label, part.file());
    let site = part.component.kind == Kind::StaticSite;
    let kept = |kind: &str| block(kind, []).set("days", BACKUP_DAYS);
    let blobs = block("blob_properties", []).set("versioning_enabled", true).with(kept("delete_retention_policy"));
    let account =
        at("azurerm_storage_account", label, &names::compact(&view.app.name, &part.side.seat, 24), part.region())
            .set("account_kind", "StorageV2")
            .set("account_tier", "Standard")
            .set("account_replication_type", "LRS")
            .set("access_tier", "Hot")
            .set("min_tls_version", "TLS1_2")
            .set("https_traffic_only_enabled", true)
            .set("allow_nested_items_to_be_public", false)
            .set("infrastructure_encryption_enabled", true)
            .raw("tags", format!("local.{label}_tags"))
            .with(blobs);
    draft.push(&file, account);
    let container = resource("azurerm_storage_container", label)
        .set("name", app(&part.component.name, 60))
        .raw("storage_account_id", format!("azurerm_storage_account.{label}.id"))
        .set("container_access_type", "private");
    draft.push(&file, container);
    if site {
        let website = resource("azurerm_storage_account_static_website", label)
            .raw("storage_account_id", format!("azurerm_storage_account.{label}.id"))
            .set("index_document", "index.html");
        draft.push(&file, website);
    }
}

#[cfg(test)]
mod tests {
    use super::{Redis, redis_tier, sku};

    #[test]
    fn tiers_are_read_from_offers() {
        let said = sku("Database for PostgreSQL Flexible D4s_v3 multi-zone");
        assert_eq!(said.as_deref(), Some("GP_Standard_D4s_v3"));
        assert_eq!(sku("Database for MySQL Flexible B1ms").as_deref(), Some("B_Standard_B1ms"));
        assert!(matches!(redis_tier("Azure Cache for Redis Basic C4"), Some(Redis::Cache("Basic", "C", 4))));
        let managed = redis_tier("Azure Managed Redis MemoryOptimized M10 multi-zone");
        assert!(matches!(managed, Some(Redis::Managed(sku)) if sku == "MemoryOptimized_M10"));
    }
}
