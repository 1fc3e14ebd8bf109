//! What machines start with: cloud-init that installs Docker and runs the containers of the machine's crew.

use super::calls::{self, Endpoints, USER};
use super::hcl::{self, Expr, Item, list, object, raw, text};
use super::model::{Draft, Part, Side, View, port};
use crate::app::{Component, Kind};

/// Where the data volume of a store's machine is found, as expressions of device paths; the first that is there.
#[derive(Clone, Debug, Default)]
pub struct Volume {
    /// Candidates.
    pub devices: Vec<String>,
    /// Expression of the passphrase, where the provider does not encrypt volumes itself.
    pub passphrase: Option<String>,
}

/// Image of a store that the team runs itself, and where it keeps its data.
fn store(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Postgres => ("postgres:17", "/var/lib/postgresql/data"),
        Kind::Mysql => ("mysql:8.4", "/var/lib/mysql"),
        Kind::Redis => ("valkey/valkey:8", "/data"),
        _ => ("apache/kafka:4.1.0", "/var/lib/kafka/data"),
    }
}

/// Locals of a machine: the environment of each container, and the cloud-init text `<label>_start`.
///
/// Returns the expression of that text.
pub fn start(
    view: &View,
    draft: &mut Draft,
    part: &Part,
    known: &Endpoints,
    named: bool,
    volume: Option<&Volume>,
) -> String {
    let mut locals = hcl::block("locals", []);
    let mut commands = vec![list(["systemctl", "enable", "--now", "docker"].map(text))];
    let mut files = Vec::new();
    if let Some(volume) = volume {
        files.extend(passphrase_file(volume));
        commands.push(list([text("sh"), text("-c"), raw(format!("local.{}_mount", part.label))]));
        locals = locals.raw(&format!("{}_mount", part.label), mount(volume));
    }
    let gpu = part.component.gpu.is_some();
    if gpu {
        commands.extend(accelerator());
    }
    let mut ends = false;
    for side in &part.crew {
        let Some((ordinal, component)) = view.component(&side.seat) else { continue };
        let mut environment = calls::environment(view, draft, (side, ordinal), known, named);
        let packaged = component.kind.is_data_store();
        if packaged {
            environment = store_environment(view, component, ordinal, side);
        }
        let name = format!("{}_environment", side.label());
        locals = locals.set(&name, object(environment));
        commands.push(run(side, component, &name, packaged && volume.is_some(), gpu));
        ends |= component.kind == Kind::Job;
    }
    if ends {
        commands.push(list([text("poweroff")]));
        let remark = "a job runs once when its machine is made, and the machine is switched off when it has ended; start it \
                      again when the job is due";
        draft.remark(format!("{}: {remark}", part.side.seat.component));
    }
    let mut packages = vec![text("docker.io")];
    packages.extend(volume.and_then(|volume| volume.passphrase.as_ref()).map(|_| text("cryptsetup")));
    let mut config = vec![("package_update", Expr::Bool(true)), ("packages", list(packages))];
    if !files.is_empty() {
        config.push(("write_files", Expr::List(files)));
    }
    config.push(("runcmd", Expr::List(commands)));
    let local = format!("{}_start", part.label);
    let locals = locals.set(&format!("{}_config", part.label), object(config));
    let locals = locals.raw(&local, format!("\"#cloud-config\\n${{yamlencode(local.{}_config)}}\"", part.label));
    draft.files.entry(part.file()).or_default().push(Item::Block(locals));
    format!("local.{local}")
}

/// `docker run` of one container.
fn run(side: &Side, component: &Component, environment: &str, volume: bool, gpu: bool) -> Expr {
    let mut words: Vec<Expr> = vec![text("docker"), text("run"), text("--name"), text(side.label())];
    if component.kind == Kind::Job {
        words.push(text("--rm"));
    } else {
        words.extend(["--detach", "--restart", "unless-stopped"].map(text));
    }
    if component.kind == Kind::Service || component.kind.is_data_store() {
        let port = port(component);
        words.extend([text("--publish"), text(format!("{port}:{port}"))]);
    }
    if gpu {
        words.extend(["--gpus", "all"].map(text));
    }
    let (image, data) = store(component.kind);
    if component.kind.is_data_store() {
        let source = if volume { "/srv/data/store" } else { "/var/lib/placer/store" };
        words.extend([text("--volume"), text(format!("{source}:{data}"))]);
    }
    let mut after = vec![text(component.image.as_deref().unwrap_or(image))];
    if component.kind == Kind::Redis {
        after.extend(["valkey-server", "--appendonly", "yes", "--requirepass"].map(text));
        after.push(raw(format!("random_password.{}.result", side.label())));
    }
    after.extend(component.command.iter().map(text));
    let pairs = format!("flatten([for name, value in local.{environment} : [\"--env\", \"${{name}}=${{value}}\"]])");
    Expr::Call("concat", vec![list(words), raw(pairs), list(after)])
}

fn store_environment(view: &View, component: &Component, ordinal: usize, side: &Side) -> Vec<(String, Expr)> {
    let password = || raw(format!("random_password.{}.result", side.label()));
    let entry = |name: &str, value: Expr| (name.to_owned(), value);
    match component.kind {
        Kind::Postgres => vec![
            entry("POSTGRES_USER", text(USER)),
            entry("POSTGRES_DB", text("app")),
            entry("POSTGRES_PASSWORD", password()),
        ],
        Kind::Mysql => vec![
            entry("MYSQL_USER", text(USER)),
            entry("MYSQL_DATABASE", text("app")),
            entry("MYSQL_RANDOM_ROOT_PASSWORD", text("yes")),
            entry("MYSQL_PASSWORD", password()),
        ],
        Kind::Kafka => vec![
            entry("KAFKA_NODE_ID", text("1")),
            entry("KAFKA_PROCESS_ROLES", text("broker,controller")),
            entry("KAFKA_LISTENERS", text("PLAINTEXT://:9092,CONTROLLER://:9093")),
            entry("KAFKA_ADVERTISED_LISTENERS", text(format!("PLAINTEXT://{}:9092", view.host_name(ordinal)))),
            entry("KAFKA_CONTROLLER_LISTENER_NAMES", text("CONTROLLER")),
            entry("KAFKA_CONTROLLER_QUORUM_VOTERS", text("1@localhost:9093")),
            entry("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", text("1")),
            entry("KAFKA_LOG_DIRS", text("/var/lib/kafka/data")),
        ],
        _ => Vec::new(),
    }
}

/// Waits for the volume, makes a file system on it the first time, and mounts it.
fn mount(volume: &Volume) -> String {
    let inside = |device: &String| match device.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(literal) => literal.to_owned(),
        None => format!("${{{device}}}"),
    };
    let devices: Vec<String> = volume.devices.iter().map(inside).collect();
    let find =
        format!("for i in $(seq 180); do for d in {}; do [ -b $d ] && break 2; done; sleep 1; done", devices.join(" "));
    let opened = if volume.passphrase.is_some() {
        "cryptsetup isLuks $d || cryptsetup luksFormat --batch-mode --key-file /etc/placer/volume $d; cryptsetup open \
         --key-file /etc/placer/volume $d data; echo data $d /etc/placer/volume luks,nofail >> /etc/crypttab; \
         d=/dev/mapper/data; "
    } else {
        ""
    };
    let rest = "blkid $d || mkfs.ext4 $d; mkdir -p /srv/data; echo $d /srv/data ext4 defaults,nofail 0 2 >> /etc/fstab; \
                mount /srv/data";
    format!("\"{find}; {opened}{rest}\"")
}

fn passphrase_file(volume: &Volume) -> Option<Expr> {
    let passphrase = volume.passphrase.as_ref()?;
    Some(object([("path", text("/etc/placer/volume")), ("permissions", text("0600")), ("content", raw(passphrase))]))
}

/// Drivers, and the runtime that hands accelerators to containers.
fn accelerator() -> Vec<Expr> {
    let shell = |script: &str| list([text("sh"), text("-c"), text(script)]);
    vec![
        shell("apt-get install -y ubuntu-drivers-common && ubuntu-drivers install --gpgpu"),
        shell(
            "curl -fsSL https://nvidia.github.io/libnvidia-container/gpgkey | gpg --dearmor -o \
             /usr/share/keyrings/nvidia.gpg",
        ),
        shell(
            "echo 'deb [signed-by=/usr/share/keyrings/nvidia.gpg] \
             https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /' > /etc/apt/sources.list.d/nvidia.list",
        ),
        shell(
            "apt-get update && apt-get install -y nvidia-container-toolkit && nvidia-ctk runtime configure \
             --runtime=docker && systemctl restart docker",
        ),
    ]
}

/// The password of a store, and nothing else about it.
#[must_use]
pub fn password(label: &str) -> hcl::Block {
    hcl::resource("random_password", label).set("length", 32_i64).set("special", false)
}
