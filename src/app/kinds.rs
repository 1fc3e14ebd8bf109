//! Which keys a component of which kind takes.

use super::Kind::{self, Job, Kafka, LoadBalancer, Mysql, ObjectStorage, Postgres, Redis, Service, StaticSite, Worker};

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
