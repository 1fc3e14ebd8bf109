//! Managed stores: RDS, Aurora, ElastiCache, S3.

use super::{Placed, network, tagged};
use crate::app::Kind;
use crate::exec::terraform::calls::{Endpoint, Endpoints, USER};
use crate::exec::terraform::containers;
use crate::exec::terraform::hcl::{Block, block, list, object, quoted, raw, resource, text};
use crate::exec::terraform::model::{Draft, Part, View};
use crate::exec::terraform::names;
use crate::plan::Form;

/// Days for which backups are kept.
const BACKUP_DAYS: i64 = 7;

/// What an offer of a managed store says.
struct Tier<'a> {
    class: &'a str,
    multi_zone: bool,
    aurora: bool,
}

fn tier(offer: &str) -> Option<Tier<'_>> {
    let class = offer.split(' ').find(|word| word.starts_with("db.") || word.starts_with("cache."))?;
    Some(Tier { class, multi_zone: offer.ends_with(" multi-zone"), aurora: offer.starts_with("Aurora ") })
}

/// Why nothing is made for a part; `None`: it is.
pub fn refusal(part: &Part) -> Option<String> {
    let offer = &part.side.seat.offer;
    match (part.form, part.component.kind) {
        (Form::Managed, Kind::Kafka) => Some(format!("`{offer}`: managed Kafka is not generated yet")),
        (Form::Managed, Kind::Postgres | Kind::Mysql | Kind::Redis) if tier(offer).is_none() => {
            Some(format!("`{offer}` names no class of RDS or ElastiCache"))
        }
        (Form::Managed, Kind::LoadBalancer) if !matches!(offer.as_str(), "ALB" | "NLB") => {
            Some(format!("`{offer}` is no load balancer that is generated (ALB, NLB)"))
        }
        (Form::Managed, Kind::ObjectStorage | Kind::StaticSite) if !offer.starts_with("S3 ") => {
            Some(format!("`{offer}` is no storage class of S3"))
        }
        _ => None,
    }
}

/// How a managed store is reached.
pub fn endpoint(part: &Part) -> Endpoint {
    let label = &part.label;
    let password = Some(format!("random_password.{label}.result"));
    match part.component.kind {
        Kind::Redis => {
            let host = format!("aws_elasticache_replication_group.{label}.primary_endpoint_address");
            Endpoint { host: Some(host), password, tls: true, ..Endpoint::default() }
        }
        Kind::Postgres | Kind::Mysql => {
            let aurora = tier(&part.side.seat.offer).is_some_and(|tier| tier.aurora);
            let host = if aurora {
                format!("aws_rds_cluster.{label}.endpoint")
            } else {
                format!("aws_db_instance.{label}.address")
            };
            Endpoint { host: Some(host), password, tls: true, ..Endpoint::default() }
        }
        _ => {
            let bucket = Some(format!("aws_s3_bucket.{label}.bucket"));
            let site = part.component.kind == Kind::StaticSite;
            let website = format!("[aws_s3_bucket_website_configuration.{label}.website_endpoint]");
            Endpoint {
                host: Some(quoted(&format!("s3.{}.amazonaws.com", part.region()))),
                bucket,
                public: site.then_some(website),
                ..Endpoint::default()
            }
        }
    }
}

/// The blocks of a managed store.
pub fn managed(view: &View, draft: &mut Draft, placed: &Placed, _known: &Endpoints) {
    let part = &placed.part;
    if matches!(part.component.kind, Kind::ObjectStorage | Kind::StaticSite) {
        return bucket(view, draft, placed);
    }
    let Some(tier) = tier(&part.side.seat.offer) else { return };
    let name = names::side(&view.app.name, &part.side.seat, 40);
    let file = part.file();
    network::group(draft, placed, &part.label, &name, &format!("{} of {}", part.component.name, view.app.name));
    draft.push(&file, containers::password(&part.label));
    let group = if part.component.kind == Kind::Redis { "aws_elasticache_subnet_group" } else { "aws_db_subnet_group" };
    let group = resource(group, &part.label)
        .set("region", part.region())
        .set("name", name.as_str())
        .raw("subnet_ids", format!("aws_subnet.{}_private[*].id", placed.r()))
        .raw("tags", format!("local.{}_tags", part.label));
    draft.push(&file, group);
    if part.component.kind == Kind::Redis {
        draft.push(&file, redis(placed, &name, &tier));
        return;
    }
    // A snapshot is left when it goes; its name must be new each time.
    draft.push(&file, resource("random_id", &part.label).set("byte_length", 4_i64));
    if tier.aurora {
        for block in aurora(placed, &name, &tier) {
            draft.push(&file, block);
        }
    } else {
        draft.push(&file, database(placed, &name, &tier));
    }
}

fn version(kind: Kind, aurora: bool) -> &'static str {
    match (kind, aurora) {
        (Kind::Postgres, false) => "17",
        (Kind::Postgres, true) => "17.5",
        (_, false) => "8.4",
        (_, true) => "8.0",
    }
}

fn database(placed: &Placed, name: &str, tier: &Tier) -> Block {
    let part = &placed.part;
    let label = &part.label;
    let engine = if part.component.kind == Kind::Postgres { "postgres" } else { "mysql" };
    resource("aws_db_instance", label)
        .set("region", part.region())
        .set("identifier", name)
        .set("engine", engine)
        .set("engine_version", version(part.component.kind, false))
        .set("instance_class", tier.class)
        .set("multi_az", tier.multi_zone)
        .set("storage_type", "gp3")
        .set("allocated_storage", part.disk_gb().max(20))
        .set("storage_encrypted", true)
        .set("db_name", "app")
        .set("username", USER)
        .raw("password", format!("random_password.{label}.result"))
        .raw("db_subnet_group_name", format!("aws_db_subnet_group.{label}.name"))
        .set("vpc_security_group_ids", list([raw(format!("aws_security_group.{label}.id"))]))
        .set("publicly_accessible", false)
        .set("backup_retention_period", BACKUP_DAYS)
        .set("copy_tags_to_snapshot", true)
        .set("apply_immediately", true)
        .set("skip_final_snapshot", false)
        .raw("final_snapshot_identifier", format!("\"{name}-${{random_id.{label}.hex}}\""))
        .set("tags", tagged(part, name))
}

fn aurora(placed: &Placed, name: &str, tier: &Tier) -> Vec<Block> {
    let part = &placed.part;
    let label = &part.label;
    let engine = if part.component.kind == Kind::Postgres { "aurora-postgresql" } else { "aurora-mysql" };
    let cluster = resource("aws_rds_cluster", label)
        .set("region", part.region())
        .set("cluster_identifier", name)
        .set("engine", engine)
        .set("engine_version", version(part.component.kind, true))
        .set("storage_type", "aurora-iopt1")
        .set("storage_encrypted", true)
        .set("database_name", "app")
        .set("master_username", USER)
        .raw("master_password", format!("random_password.{label}.result"))
        .raw("db_subnet_group_name", format!("aws_db_subnet_group.{label}.name"))
        .set("vpc_security_group_ids", list([raw(format!("aws_security_group.{label}.id"))]))
        .set("backup_retention_period", BACKUP_DAYS)
        .set("copy_tags_to_snapshot", true)
        .set("apply_immediately", true)
        .set("skip_final_snapshot", false)
        .raw("final_snapshot_identifier", format!("\"{name}-${{random_id.{label}.hex}}\""))
        .set("tags", tagged(part, name));
    let nodes = if tier.multi_zone { 2_i64 } else { 1 };
    let instance = resource("aws_rds_cluster_instance", label)
        .set("count", nodes)
        .set("region", part.region())
        .raw("identifier", format!("\"{name}-${{count.index}}\""))
        .raw("cluster_identifier", format!("aws_rds_cluster.{label}.id"))
        .raw("engine", format!("aws_rds_cluster.{label}.engine"))
        .set("instance_class", tier.class)
        .set("publicly_accessible", false)
        .set("tags", tagged(part, name));
    vec![cluster, instance]
}

fn redis(placed: &Placed, name: &str, tier: &Tier) -> Block {
    let part = &placed.part;
    let label = &part.label;
    resource("aws_elasticache_replication_group", label)
        .set("region", part.region())
        .set("replication_group_id", name)
        .set("description", format!("{} of {}", part.component.name, part.side.run))
        .set("engine", "redis")
        .set("engine_version", "7.1")
        .set("node_type", tier.class)
        .set("num_cache_clusters", if tier.multi_zone { 2_i64 } else { 1 })
        .set("automatic_failover_enabled", tier.multi_zone)
        .set("multi_az_enabled", tier.multi_zone)
        .set("at_rest_encryption_enabled", true)
        .set("transit_encryption_enabled", true)
        .raw("auth_token", format!("random_password.{label}.result"))
        .raw("subnet_group_name", format!("aws_elasticache_subnet_group.{label}.name"))
        .set("security_group_ids", list([raw(format!("aws_security_group.{label}.id"))]))
        .set("snapshot_retention_limit", BACKUP_DAYS)
        .set("apply_immediately", true)
        .set("tags", tagged(part, name))
}

fn bucket(view: &View, draft: &mut Draft, placed: &Placed) {
    let part = &placed.part;
    let label = &part.label;
    let file = part.file();
    let site = part.component.kind == Kind::StaticSite;
    let of = |kind: &str| {
        resource(kind, label).set("region", part.region()).raw("bucket", format!("aws_s3_bucket.{label}.id"))
    };
    let mut prefix = names::hyphened(&format!("{}-{}", view.app.name, part.component.name));
    prefix.truncate(36);
    let bucket = resource("aws_s3_bucket", label)
        .set("region", part.region())
        .set("bucket_prefix", format!("{}-", prefix.trim_end_matches('-')))
        .set("tags", tagged(part, &prefix));
    draft.push(&file, bucket);
    let by_default = block("apply_server_side_encryption_by_default", []).set("sse_algorithm", "AES256");
    let encryption = of("aws_s3_bucket_server_side_encryption_configuration").with(block("rule", []).with(by_default));
    draft.push(&file, encryption);
    let versioning = block("versioning_configuration", []).set("status", "Enabled");
    draft.push(&file, of("aws_s3_bucket_versioning").with(versioning));
    let closed = of("aws_s3_bucket_public_access_block")
        .set("block_public_acls", true)
        .set("ignore_public_acls", true)
        .set("block_public_policy", !site)
        .set("restrict_public_buckets", !site);
    draft.push(&file, closed);
    if !site {
        return;
    }
    let website = of("aws_s3_bucket_website_configuration");
    draft.push(&file, website.with(block("index_document", []).set("suffix", "index.html")));
    let statement = object([
        ("Effect", text("Allow")),
        ("Principal", text("*")),
        ("Action", text("s3:GetObject")),
        ("Resource", raw(format!("\"${{aws_s3_bucket.{label}.arn}}/*\""))),
    ]);
    let policy = object([("Version", text("2012-10-17")), ("Statement", list([statement]))]);
    let policy = of("aws_s3_bucket_policy")
        .set("policy", crate::exec::terraform::hcl::Expr::Call("jsonencode", vec![policy]))
        .set("depends_on", list([raw(format!("aws_s3_bucket_public_access_block.{label}"))]));
    draft.push(&file, policy);
}
