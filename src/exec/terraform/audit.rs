//! What placer refuses to have in a configuration, whoever wrote it: databases that are open to the world, disks, buckets and
//! databases without encryption, managed databases without backups, secrets in plain text.
//!
//! Only what is plainly there is judged: an expression whose value is not known yet is no finding, but a missing argument
//! counts as its default.

use super::tree::{Body, Top, Unreadable, Value, read};
use std::collections::BTreeMap;
use std::fmt;

/// Ports of data stores: PostgreSQL, MySQL, Redis (also Azure's), Kafka, and others that are commonly found open.
const STORE_PORTS: [u16; 14] =
    [1_433, 1_521, 3_306, 5_432, 5_433, 6_379, 6_380, 9_042, 9_092, 9_094, 9_200, 10_000, 11_211, 27_017];

/// Endings of names whose values are secrets.
const SECRET_ENDINGS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "private_key",
    "access_key",
    "secret_key",
    "connection_string",
    "credentials",
];

/// Which rule was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A port of a data store takes connections from everywhere.
    OpenPort,
    /// A managed database has a public address.
    PublicDatabase,
    /// Data at rest, or on its way to a store, is not encrypted.
    Unencrypted,
    /// A managed database is not backed up.
    NoBackup,
    /// A secret stands in the configuration, or would be shown.
    PlainSecret,
}

impl Rule {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenPort => "open port",
            Self::PublicDatabase => "public database",
            Self::Unencrypted => "no encryption",
            Self::NoBackup => "no backup",
            Self::PlainSecret => "secret in plain text",
        }
    }
}

/// A rule that a block breaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The block: `aws_db_instance.db`.
    pub address: String,
    /// The rule.
    pub rule: Rule,
    /// What is wrong, and what to write instead.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}: {}", self.file, self.address, self.rule.as_str(), self.what)
    }
}

/// Everything that a module's files break, in order.
///
/// # Errors
/// [`Unreadable`] for a file that is no configuration.
pub fn module(files: &BTreeMap<String, String>) -> Result<Vec<Finding>, Unreadable> {
    let tops = read(files)?;
    let mut found = Vec::new();
    for top in &tops {
        let mut say = |rule, what: String| {
            found.push(Finding { file: top.file.clone(), address: top.address(), rule, what });
        };
        open_ports(top, &mut say);
        stores(top, &mut say);
        encryption(top, &tops, &mut say);
        secrets(top, &mut say);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

type Say<'a> = dyn FnMut(Rule, String) + 'a;

/// Whether a source means everybody.
fn is_everybody(source: &str) -> bool {
    matches!(source, "*" | "0.0.0.0/0" | "::/0" | "0::/0" | "Internet" | "Any" | "any")
}

fn any_source(body: &Body, names: &[&str]) -> bool {
    names.iter().filter_map(|name| body.get(name)).flat_map(Value::texts).any(is_everybody)
}

/// A store's port that a range holds: `5432`, `1024-65535`, `*`, `any`; `None`: none.
fn store_port(range: &str) -> Option<u16> {
    let (low, high) = match range {
        "*" | "any" | "-1" => (0, u16::MAX),
        range => {
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            (low.trim().parse().ok()?, high.trim().parse().ok()?)
        }
    };
    STORE_PORTS.into_iter().find(|port| (low..=high).contains(port))
}

fn open_ports(top: &Top, say: &mut Say) {
    let body = &top.body;
    match top.resource().unwrap_or_default() {
        "aws_vpc_security_group_ingress_rule" => aws_rule(body, &["cidr_ipv4", "cidr_ipv6"], "ip_protocol", say),
        "aws_security_group_rule" if body.text("type") != Some("egress") => {
            aws_rule(body, &["cidr_blocks", "ipv6_cidr_blocks"], "protocol", say);
        }
        "aws_security_group" | "aws_default_security_group" => {
            for rule in body.inner("ingress") {
                aws_rule(&rule, &["cidr_blocks", "ipv6_cidr_blocks"], "protocol", say);
            }
        }
        "google_compute_firewall" if body.text("direction") != Some("EGRESS") => {
            let open = any_source(body, &["source_ranges"]);
            for allow in body.inner("allow").iter().filter(|_| open) {
                let ports = allow.get("ports").map_or(vec!["*"], Value::texts);
                ranges(&ports, say);
            }
        }
        "azurerm_network_security_rule" => azure_rule(body, say),
        "azurerm_network_security_group" => {
            body.inner("security_rule").iter().for_each(|rule| azure_rule(rule, say));
        }
        "hcloud_firewall" => {
            for rule in body.inner("rule").iter().filter(|rule| rule.text("direction") != Some("out")) {
                if any_source(rule, &["source_ips"]) {
                    ranges(&rule.get("port").map_or(vec!["any"], Value::texts), say);
                }
            }
        }
        _ => {}
    }
}

fn ranges(ports: &[&str], say: &mut Say) {
    for port in ports.iter().filter_map(|range| store_port(range)) {
        say(Rule::OpenPort, format!("port {port} of a data store is open to everybody; let its callers in only"));
    }
}

fn aws_rule(body: &Body, sources: &[&str], protocol: &str, say: &mut Say) {
    if !any_source(body, sources) {
        return;
    }
    let all = body.get(protocol).is_some_and(|value| match value {
        Value::Text(text) | Value::Number(text) => matches!(text.as_str(), "-1" | "all"),
        _ => false,
    });
    let range = match (body.number("from_port"), body.number("to_port")) {
        _ if all => "*".to_owned(),
        (Some(low), Some(high)) => format!("{low}-{high}"),
        _ => "*".to_owned(),
    };
    ranges(&[&range], say);
}

fn azure_rule(body: &Body, say: &mut Say) {
    let lets_in = body.text("access") != Some("Deny") && body.text("direction") != Some("Outbound");
    if lets_in && any_source(body, &["source_address_prefix", "source_address_prefixes"]) {
        let ports: Vec<&str> = ["destination_port_range", "destination_port_ranges"]
            .iter()
            .filter_map(|name| body.get(name))
            .flat_map(Value::texts)
            .collect();
        ranges(&ports, say);
    }
}

/// Managed stores: no public address, backups, encryption on the way.
fn stores(top: &Top, say: &mut Say) {
    let body = &top.body;
    let mut public = |what: &str| say(Rule::PublicDatabase, what.to_owned());
    match top.resource().unwrap_or_default() {
        "aws_db_instance" | "aws_rds_cluster_instance" | "aws_redshift_cluster" | "aws_dms_replication_instance"
            if body.is("publicly_accessible", true) =>
        {
            public("`publicly_accessible = true`; write `false`");
        }
        "google_sql_database_instance" => {
            for settings in body.inner("settings") {
                let nets = settings.inner("ip_configuration");
                if !nets.iter().any(|net| net.is("ipv4_enabled", false)) {
                    public("it has a public address unless `ipv4_enabled = false` in `ip_configuration`");
                }
                if nets.iter().flat_map(|net| net.inner("authorized_networks")).any(|n| any_source(&n, &["value"])) {
                    public("`authorized_networks` lets everybody in");
                }
            }
        }
        "azurerm_postgresql_flexible_server" | "azurerm_redis_cache"
            if !body.is("public_network_access_enabled", false) =>
        {
            public("it is public unless `public_network_access_enabled = false`");
        }
        "azurerm_mysql_flexible_server"
            if body.get("delegated_subnet_id").is_none() && body.text("public_network_access") != Some("Disabled") =>
        {
            public(
                "it is public unless it stands in a `delegated_subnet_id`, or `public_network_access = \"Disabled\"`",
            );
        }
        "azurerm_managed_redis" if body.text("public_network_access") != Some("Disabled") => {
            public("it is public unless `public_network_access = \"Disabled\"`");
        }
        "azurerm_postgresql_flexible_server_firewall_rule" | "azurerm_mysql_flexible_server_firewall_rule"
            if body.text("start_ip_address") == Some("0.0.0.0") =>
        {
            public("the firewall rule lets in everybody, or everybody at Azure");
        }
        _ => {}
    }
    backups(top, say);
}

fn backups(top: &Top, say: &mut Say) {
    let body = &top.body;
    let off = match top.resource().unwrap_or_default() {
        // A replica is backed up with its source; without the argument an instance has none.
        "aws_db_instance" => {
            body.get("replicate_source_db").is_none() && is_zero(body, "backup_retention_period", true)
        }
        "aws_rds_cluster" => is_zero(body, "backup_retention_period", false),
        "google_sql_database_instance" => !body
            .inner("settings")
            .iter()
            .flat_map(|settings| settings.inner("backup_configuration"))
            .any(|backup| backup.is("enabled", true)),
        _ => false,
    };
    if off {
        say(Rule::NoBackup, "backups are off; keep them for some days".to_owned());
    }
}

fn is_zero(body: &Body, name: &str, when_absent: bool) -> bool {
    match body.get(name) {
        None => when_absent,
        Some(_) => body.number(name) == Some(0),
    }
}

fn encryption(top: &Top, all: &[Top], say: &mut Say) {
    let body = &top.body;
    let mut needs = |name: &str| {
        let known_or_true = matches!(body.get(name), Some(Value::Bool(true) | Value::Expression(_)));
        if !known_or_true {
            say(Rule::Unencrypted, format!("write `{name} = true`"));
        }
    };
    match top.resource().unwrap_or_default() {
        "aws_db_instance" if body.get("replicate_source_db").is_none() => needs("storage_encrypted"),
        "aws_rds_cluster" => needs("storage_encrypted"),
        "aws_ebs_volume" | "aws_efs_file_system" => needs("encrypted"),
        "aws_elasticache_replication_group" => {
            needs("at_rest_encryption_enabled");
            needs("transit_encryption_enabled");
        }
        "aws_instance" | "aws_launch_template" => aws_disks(top, say),
        "aws_s3_bucket" => {
            let names = |other: &&Top| mentions(&other.body, &format!("{}.", top.address()));
            let of = |kind: &str| all.iter().filter(|other| other.resource() == Some(kind)).any(|other| names(&other));
            if !of("aws_s3_bucket_server_side_encryption_configuration") {
                let what = "no `aws_s3_bucket_server_side_encryption_configuration` is for this bucket";
                say(Rule::Unencrypted, what.to_owned());
            }
        }
        "google_redis_instance" if body.text("transit_encryption_mode") != Some("SERVER_AUTHENTICATION") => {
            say(Rule::Unencrypted, "write `transit_encryption_mode = \"SERVER_AUTHENTICATION\"`".to_owned());
        }
        "azurerm_redis_cache" if body.is("non_ssl_port_enabled", true) || body.is("enable_non_ssl_port", true) => {
            say(Rule::Unencrypted, "the port without TLS is on; write `non_ssl_port_enabled = false`".to_owned());
        }
        "azurerm_storage_account" if body.is("https_traffic_only_enabled", false) => {
            say(Rule::Unencrypted, "it answers without TLS; write `https_traffic_only_enabled = true`".to_owned());
        }
        // Hetzner does not encrypt volumes: whoever mounts one has to.
        "hcloud_volume" => {
            let opened = |other: &&Top| mentions(&other.body, &top.address()) && mentions(&other.body, "luksFormat");
            if !all.iter().any(|other| opened(&other)) {
                say(
                    Rule::Unencrypted,
                    "nothing that mounts this volume encrypts it (`cryptsetup luksFormat`)".to_owned(),
                );
            }
        }
        _ => {}
    }
}

fn aws_disks(top: &Top, say: &mut Say) {
    let mut disks = top.body.inner("root_block_device");
    if disks.is_empty() && top.resource() == Some("aws_instance") {
        say(
            Rule::Unencrypted,
            "the disk that it boots from: write `encrypted = true` in `root_block_device`".to_owned(),
        );
    }
    disks.extend(top.body.inner("ebs_block_device"));
    disks.extend(top.body.inner("block_device_mappings").iter().flat_map(|mapping| mapping.inner("ebs")));
    let open = |disk: &Body| !matches!(disk.get("encrypted"), Some(Value::Bool(true) | Value::Expression(_)));
    let text = |disk: &Body| disk.text("encrypted") != Some("true");
    if disks.iter().any(|disk| open(disk) && text(disk)) {
        say(Rule::Unencrypted, "a disk of it: write `encrypted = true`".to_owned());
    }
}

/// Whether anything in a body is written with these words.
fn mentions(body: &Body, words: &str) -> bool {
    let mut found = false;
    each(body, &mut |_, value| {
        found |= matches!(value, Value::Expression(text) | Value::Text(text) if text.contains(words));
    });
    found
}

/// Every value of a body, with the name that it stands under.
fn each<'a>(body: &'a Body, see: &mut dyn FnMut(&'a str, &'a Value)) {
    for (name, value) in &body.attributes {
        value.walk(name, see);
    }
    for (.., inner) in &body.blocks {
        each(inner, see);
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn secrets(top: &Top, say: &mut Say) {
    let plain = |name: &str| {
        format!("`{name}` has a value here; take it from a sensitive variable or make it with `random_password`")
    };
    each(&top.body, &mut |name, value| {
        if let Value::Text(text) | Value::Expression(text) = value {
            // Switches like MYSQL_RANDOM_ROOT_PASSWORD are no secrets.
            let literal =
                matches!(value, Value::Text(_)) && !matches!(text.as_str(), "" | "yes" | "no" | "true" | "false");
            let described = name == "description" || name == "type";
            if (literal && is_secret_name(name)) || (!described && holds_secret(text)) {
                say(Rule::PlainSecret, plain(name));
            }
        }
    });
    let secret_variable = top.kind == "variable" && top.labels.first().is_some_and(|name| is_secret_name(name));
    if secret_variable && !top.body.is("sensitive", true) {
        say(Rule::PlainSecret, "a variable for a secret: write `sensitive = true`".to_owned());
    }
    let default = top.body.text("default").is_some_and(|text| !text.is_empty());
    if top.kind == "variable" && default && (secret_variable || top.body.is("sensitive", true)) {
        say(Rule::PlainSecret, "a secret has a default in the configuration; leave it out".to_owned());
    }
    if top.kind == "output" && !top.body.is("sensitive", true) && mentions_secret(&top.body) {
        say(Rule::PlainSecret, "the output shows a secret: write `sensitive = true`".to_owned());
    }
}

/// Keys and passwords that are told from how they look: `scheme://user:password@`, private keys, AWS access keys.
fn holds_secret(text: &str) -> bool {
    let in_url = text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ', '"']).next().unwrap_or_default();
        let login = authority.rsplit_once('@').map(|(login, _)| login);
        login
            .and_then(|login| login.split_once(':'))
            .is_some_and(|(_, password)| !password.is_empty() && !password.starts_with("${"))
    });
    let key = text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----");
    let aws = text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        word.len() == 20
            && (word.starts_with("AKIA") || word.starts_with("ASIA"))
            && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    });
    in_url || key || aws
}

fn mentions_secret(body: &Body) -> bool {
    let mut found = false;
    each(body, &mut |_, value| {
        if let Value::Expression(text) = value {
            let references = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-'));
            found |= references.into_iter().any(|word| {
                word.starts_with("random_password.")
                    || word.split_once('.').is_some_and(|(_, attribute)| is_secret_name(attribute))
            });
        }
    });
    found
}

#[cfg(test)]
mod tests;
