//! Which keys a component of which kind takes.

use super::Kind::{self, Job, Kafka, LoadBalancer, Mysql, ObjectStorage, Postgres, Redis, Service, StaticSite, Worker};
use super::file::ComponentFile;

const IMAGES: &[Kind] = &[Service, Worker, Job];
const STORES: &[Kind] = &[Postgres, Mysql, Redis, Kafka];
const MACHINES: &[Kind] = &[Service, Worker, Job, Postgres, Mysql, Redis, Kafka];
const FACING: &[Kind] = &[Service, StaticSite, ObjectStorage, LoadBalancer];

/// Keys that not every kind takes, each with the kinds that do; in the order of the documentation.
pub(super) const KINDS_OF_KEY: &[(&str, &[Kind])] = &[
    ("image", IMAGES),
    ("command", IMAGES),
    ("port", &[Service]),
    ("env", IMAGES),
    ("secrets", IMAGES),
    ("cpu", MACHINES),
    ("memory_gib", MACHINES),
    ("disk_gb", &[Service, Worker, Job, StaticSite, Postgres, Mysql, Redis, Kafka, ObjectStorage]),
    ("gpu", IMAGES),
    ("arch", MACHINES),
    ("dedicated", MACHINES),
    ("replicas", IMAGES),
    ("zones", &[Service, Worker, Postgres, Mysql, Redis, Kafka]),
    ("spread", &[Service, Worker]),
    ("purchase", MACHINES),
    ("mixed", &[Service, Worker]),
    ("share_machine", MACHINES),
    ("run_on", IMAGES),
    ("managed", STORES),
    ("public", FACING),
    ("hours_month", &[Job]),
    ("users_gb_month", FACING),
    ("outbound_gb_month", &[Service, Worker, Job, Postgres, Mysql, Redis, Kafka, ObjectStorage]),
    ("requests_million_month", &[Service, Worker, Job, StaticSite, ObjectStorage]),
    ("writes_million_month", &[ObjectStorage]),
];

/// Keys that a component of a kind must have, beyond `name` and `kind`.
pub(super) fn required(kind: Kind) -> &'static [&'static str] {
    match kind {
        Service | Worker => &["cpu", "memory_gib"],
        Job => &["cpu", "memory_gib", "hours_month"],
        Postgres | Mysql | Redis | Kafka => &["memory_gib"],
        StaticSite | ObjectStorage => &["disk_gb"],
        LoadBalancer => &[],
    }
}

/// Whether a component has a good value for a key of [`KINDS_OF_KEY`].
pub(super) fn states(file: &ComponentFile, key: &str) -> bool {
    match key {
        "image" => file.image.is_some(),
        "command" => file.command.is_some(),
        "port" => file.port.is_some(),
        "env" => file.env.is_some(),
        "secrets" => file.secrets.is_some(),
        "cpu" => file.cpu.is_some(),
        "memory_gib" => file.memory_gib.is_some(),
        "disk_gb" => file.disk_gb.is_some(),
        "gpu" => file.gpu.is_some(),
        "arch" => file.arch.is_some(),
        "dedicated" => file.dedicated.is_some(),
        "replicas" => file.replicas.is_some(),
        "zones" => file.zones.is_some(),
        "spread" => file.spread.is_some(),
        "purchase" => file.purchase.is_some(),
        "mixed" => file.mixed.is_some(),
        "share_machine" => file.share_machine.is_some(),
        "run_on" => file.run_on.is_some(),
        "managed" => file.managed.is_some(),
        "public" => file.public.is_some(),
        "hours_month" => file.hours_month.is_some(),
        "users_gb_month" => file.users_gb_month.is_some(),
        "outbound_gb_month" => file.outbound_gb_month.is_some(),
        "requests_million_month" => file.requests_million_month.is_some(),
        "writes_million_month" => file.writes_million_month.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_component_states_is_what_is_written_of_it() {
        let text = concat!(
            include_str!("tests/full.toml"),
            "[[component]]\nspread = \"regions\"\nshare_machine = \"a\"\npublic = true\n"
        );
        let full: crate::app::file::AppFile = toml::from_str(text).unwrap();
        let mut seen = Vec::new();
        for component in full.component.iter().flatten() {
            let written = serde_json::to_value(component).unwrap();
            for (key, _) in KINDS_OF_KEY {
                assert_eq!(states(component, key), written.get(key).is_some(), "{key}");
                seen.extend(states(component, key).then_some(*key));
            }
        }
        for (key, _) in KINDS_OF_KEY {
            assert!(seen.contains(key), "no component has `{key}`");
        }
    }
}
