//! Each rule catches what it is for, in both forms of a configuration, and lets what is right pass.

use super::{Rule, module};
use std::collections::BTreeMap;

fn findings(file: &str, text: &str) -> Vec<Rule> {
    let found = module(&BTreeMap::from([(file.to_owned(), text.to_owned())])).expect("it can be read");
    let mut rules: Vec<Rule> = found.into_iter().map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

fn resource(kind: &str, body: &str) -> Vec<Rule> {
    findings("x.tf", &format!("resource \"{kind}\" \"x\" {{\n{body}\n}}\n"))
}

#[test]
fn ports_of_stores_are_not_open() {
    let open = vec![Rule::OpenPort];
    for (kind, body) in [
        (
            "aws_vpc_security_group_ingress_rule",
            "ip_protocol = \"tcp\"\nfrom_port = 5432\nto_port = 5432\ncidr_ipv4 = \"0.0.0.0/0\"",
        ),
        ("aws_vpc_security_group_ingress_rule", "ip_protocol = \"-1\"\ncidr_ipv6 = \"::/0\""),
        (
            "aws_security_group_rule",
            "type = \"ingress\"\nprotocol = \"tcp\"\nfrom_port = 3000\nto_port = 7000\ncidr_blocks = [\"10.0.0.0/8\", \"0.0.0.0/0\"]",
        ),
        (
            "aws_security_group",
            "ingress {\nprotocol = \"tcp\"\nfrom_port = 6379\nto_port = 6379\ncidr_blocks = [\"0.0.0.0/0\"]\n}",
        ),
        (
            "google_compute_firewall",
            "source_ranges = [\"0.0.0.0/0\"]\nallow {\nprotocol = \"tcp\"\nports = [\"3306\"]\n}",
        ),
        ("google_compute_firewall", "source_ranges = [\"0.0.0.0/0\"]\nallow {\nprotocol = \"all\"\n}"),
        (
            "azurerm_network_security_rule",
            "direction = \"Inbound\"\naccess = \"Allow\"\nsource_address_prefix = \"*\"\ndestination_port_range = \"5432\"",
        ),
        (
            "azurerm_network_security_rule",
            "direction = \"Inbound\"\naccess = \"Allow\"\nsource_address_prefix = \"Internet\"\ndestination_port_ranges = [\"80\", \"6000-7000\"]",
        ),
        (
            "azurerm_network_security_group",
            "security_rule {\ndirection = \"Inbound\"\naccess = \"Allow\"\nsource_address_prefix = \"0.0.0.0/0\"\ndestination_port_range = \"*\"\n}",
        ),
        (
            "hcloud_firewall",
            "rule {\ndirection = \"in\"\nprotocol = \"tcp\"\nport = \"9092\"\nsource_ips = [\"0.0.0.0/0\", \"::/0\"]\n}",
        ),
        (
            "hcloud_firewall",
            "rule {\ndirection = \"in\"\nprotocol = \"tcp\"\nport = \"any\"\nsource_ips = [\"::/0\"]\n}",
        ),
    ] {
        assert_eq!(resource(kind, body), open, "{kind} {body}");
    }
    for (kind, body) in [
        (
            "aws_vpc_security_group_ingress_rule",
            "ip_protocol = \"tcp\"\nfrom_port = 443\nto_port = 443\ncidr_ipv4 = \"0.0.0.0/0\"",
        ),
        (
            "aws_vpc_security_group_ingress_rule",
            "ip_protocol = \"tcp\"\nfrom_port = 5432\nto_port = 5432\ncidr_ipv4 = \"10.1.0.0/20\"",
        ),
        ("aws_vpc_security_group_egress_rule", "ip_protocol = \"-1\"\ncidr_ipv4 = \"0.0.0.0/0\""),
        (
            "google_compute_firewall",
            "direction = \"EGRESS\"\nsource_ranges = [\"0.0.0.0/0\"]\nallow {\nprotocol = \"all\"\n}",
        ),
        (
            "azurerm_network_security_rule",
            "direction = \"Inbound\"\naccess = \"Deny\"\nsource_address_prefix = \"*\"\ndestination_port_range = \"*\"",
        ),
        (
            "hcloud_firewall",
            "rule {\ndirection = \"in\"\nprotocol = \"tcp\"\nport = \"443\"\nsource_ips = [\"0.0.0.0/0\"]\n}",
        ),
    ] {
        assert_eq!(resource(kind, body), Vec::new(), "{kind} {body}");
    }
}

#[test]
fn databases_are_not_public() {
    let public = Rule::PublicDatabase;
    let rds = "storage_encrypted = true\nbackup_retention_period = 7\npublicly_accessible = ";
    assert_eq!(resource("aws_db_instance", &format!("{rds}true")), [public]);
    assert_eq!(resource("aws_db_instance", &format!("{rds}false")), []);
    let sql = |net: &str| {
        format!("settings {{\nbackup_configuration {{\nenabled = true\n}}\nip_configuration {{\n{net}\n}}\n}}")
    };
    // Google gives a public address unless it is told not to.
    assert_eq!(resource("google_sql_database_instance", &sql("ssl_mode = \"ENCRYPTED_ONLY\"")), [public]);
    assert_eq!(resource("google_sql_database_instance", &sql("ipv4_enabled = false")), []);
    let everybody = "ipv4_enabled = false\nauthorized_networks {\nvalue = \"0.0.0.0/0\"\n}";
    assert_eq!(resource("google_sql_database_instance", &sql(everybody)), [public]);
    for kind in [
        "azurerm_postgresql_flexible_server",
        "azurerm_redis_cache",
        "azurerm_mysql_flexible_server",
        "azurerm_managed_redis",
    ] {
        assert_eq!(resource(kind, ""), [public], "{kind}");
    }
    assert_eq!(resource("azurerm_redis_cache", "public_network_access_enabled = false"), []);
    assert_eq!(resource("azurerm_mysql_flexible_server", "delegated_subnet_id = azurerm_subnet.x.id"), []);
    assert_eq!(resource("azurerm_managed_redis", "public_network_access = \"Disabled\""), []);
    let rule = "start_ip_address = \"0.0.0.0\"\nend_ip_address = \"255.255.255.255\"";
    assert_eq!(resource("azurerm_postgresql_flexible_server_firewall_rule", rule), [public]);
}

#[test]
fn data_is_encrypted_and_backed_up() {
    let plain = Rule::Unencrypted;
    assert_eq!(resource("aws_db_instance", "backup_retention_period = 7"), [plain]);
    assert_eq!(resource("aws_db_instance", "storage_encrypted = true\nbackup_retention_period = 0"), [Rule::NoBackup]);
    assert_eq!(resource("aws_rds_cluster", "storage_encrypted = false"), [plain]);
    assert_eq!(resource("aws_ebs_volume", "size = 1"), [plain]);
    assert_eq!(resource("aws_ebs_volume", "size = 1\nencrypted = true"), []);
    assert_eq!(resource("aws_instance", "ami = \"a\""), [plain]);
    assert_eq!(resource("aws_instance", "root_block_device {\nvolume_size = 8\n}"), [plain]);
    let second = "root_block_device {\nencrypted = true\n}\nebs_block_device {\ndevice_name = \"b\"\n}";
    assert_eq!(resource("aws_instance", second), [plain]);
    assert_eq!(resource("aws_instance", "root_block_device {\nencrypted = true\n}"), []);
    assert_eq!(resource("aws_elasticache_replication_group", "at_rest_encryption_enabled = true"), [plain]);
    assert_eq!(resource("google_redis_instance", "tier = \"BASIC\""), [plain]);
    assert_eq!(resource("azurerm_storage_account", "https_traffic_only_enabled = false"), [plain]);
    let cache = "public_network_access_enabled = false\nnon_ssl_port_enabled = true";
    assert_eq!(resource("azurerm_redis_cache", cache), [plain]);
    let off = "settings {\nip_configuration {\nipv4_enabled = false\n}\n}";
    assert_eq!(resource("google_sql_database_instance", off), [Rule::NoBackup]);
    // A bucket is encrypted by a resource of its own, which must be for this one.
    let bucket = "resource \"aws_s3_bucket\" \"x\" {\n  bucket = \"b\"\n}\n";
    let rule = |of: &str| {
        format!(
            "{bucket}resource \"aws_s3_bucket_server_side_encryption_configuration\" \"x\" {{\n  bucket = aws_s3_bucket.{of}.id\n}}\n"
        )
    };
    assert_eq!(findings("x.tf", bucket), [plain]);
    assert_eq!(findings("x.tf", &rule("other")), [plain]);
    assert_eq!(findings("x.tf", &rule("x")), []);
    let volume = "resource \"hcloud_volume\" \"x\" {\n  size = 10\n}\n";
    assert_eq!(findings("x.tf", volume), [plain]);
    let opened = format!("{volume}locals {{\n  mount = \"cryptsetup luksFormat /dev/${{hcloud_volume.x.id}}\"\n}}\n");
    assert_eq!(findings("x.tf", &opened), []);
}

#[test]
fn secrets_are_not_in_plain_text() {
    let secret = vec![Rule::PlainSecret];
    for text in [
        "resource \"x\" \"x\" {\n  password = \"hunter2\"\n}\n",
        "resource \"x\" \"x\" {\n  environment = {\n    API_TOKEN = \"abc\"\n  }\n}\n",
        "resource \"x\" \"x\" {\n  user_data = \"export DB=postgres://app:hunter2@db/app\"\n}\n",
        "resource \"x\" \"x\" {\n  policy = jsonencode({ auth_token = \"abc\" })\n}\n",
        "resource \"x\" \"x\" {\n  key = \"AKIAIOSFODNN7EXAMPLE\"\n}\n",
        "resource \"x\" \"x\" {\n  key = \"-----BEGIN RSA PRIVATE KEY-----\"\n}\n",
        "locals {\n  admin_password = \"hunter2\"\n}\n",
        "variable \"db_password\" {\n  type = string\n}\n",
        "variable \"db_password\" {\n  sensitive = true\n  default = \"hunter2\"\n}\n",
        "output \"x\" {\n  value = random_password.x.result\n}\n",
        "output \"x\" {\n  value = \"redis://:${azurerm_redis_cache.x.primary_access_key}@x\"\n}\n",
        "provider \"x\" {\n  token = \"abc\"\n}\n",
    ] {
        assert_eq!(findings("x.tf", text), secret, "{text}");
    }
    for text in [
        "resource \"x\" \"x\" {\n  password = random_password.x.result\n}\n",
        "resource \"x\" \"x\" {\n  password = var.db_password\n}\n",
        "resource \"x\" \"x\" {\n  url = \"postgres://app:${random_password.x.result}@db/app\"\n}\n",
        "resource \"x\" \"x\" {\n  environment = {\n    MYSQL_RANDOM_ROOT_PASSWORD = \"yes\"\n    TOKEN_URL = \"https://x\"\n  }\n}\n",
        "variable \"db_password\" {\n  description = \"The password of the database.\"\n  sensitive = true\n}\n",
        "output \"x\" {\n  sensitive = true\n  value = random_password.x.result\n}\n",
        "output \"x\" {\n  value = aws_lb.x.dns_name\n}\n",
    ] {
        assert_eq!(findings("x.tf", text), Vec::new(), "{text}");
    }
}

#[test]
fn the_json_form_is_held_to_the_same() {
    let json = r#"{"resource": {"aws_db_instance": {"x": {"publicly_accessible": true, "password": "hunter2"}},
        "hcloud_firewall": {"x": {"rule": [{"direction": "in", "port": "5432", "source_ips": ["0.0.0.0/0"]}]}}},
        "variable": {"api_token": {"type": "string"}}}"#;
    let found = module(&BTreeMap::from([("x.tf.json".to_owned(), json.to_owned())])).expect("it can be read");
    let said: Vec<(String, Rule)> = found.into_iter().map(|finding| (finding.address, finding.rule)).collect();
    let expected = [
        ("aws_db_instance.x", Rule::PublicDatabase),
        ("aws_db_instance.x", Rule::Unencrypted),
        ("aws_db_instance.x", Rule::NoBackup),
        ("aws_db_instance.x", Rule::PlainSecret),
        ("hcloud_firewall.x", Rule::OpenPort),
        ("var.api_token", Rule::PlainSecret),
    ];
    assert_eq!(said, expected.map(|(address, rule)| (address.to_owned(), rule)));
    assert!(module(&BTreeMap::from([("x.tf".to_owned(), "resource {".to_owned())])).is_err());
}
