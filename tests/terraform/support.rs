//! Applications and sides to generate from, and the binary.

use placer::app::{self, App, Names};
use placer::exec::terraform::Side;
use placer::plan::{Form, Seat};
use placer::units::Purchase;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// No store and no probes of whoever runs the tests.
pub const NOWHERE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nowhere");

/// The binary, where it is installed; tests that need it say that they are left out otherwise.
pub fn binary() -> Option<&'static str> {
    let works = |name: &&str| Command::new(name).arg("version").output().is_ok_and(|output| output.status.success());
    let found = ["terraform", "tofu"].into_iter().find(works);
    if found.is_none() {
        eprintln!("left out: neither `terraform` nor `tofu` is installed");
    }
    found
}

/// Whether `terraform fmt` would leave every file below a folder as it is; `None`: there is no binary.
pub fn formatted(folder: &Path) -> Option<()> {
    let output = Command::new(binary()?)
        .args(["fmt", "-check", "-diff", "-recursive"])
        .arg(folder)
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .output()
        .expect("the formatter runs");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Some(())
}

/// Writes files into a folder.
pub fn write(folder: &Path, files: &BTreeMap<String, String>) {
    fs::create_dir_all(folder).expect("a folder");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a file is written");
    }
}

/// An application, from its file.
pub fn parsed(text: &str) -> App {
    let names = Names {
        cities: vec![("Berlin".into(), "DE".into())],
        providers: ["aws", "gcp", "azure", "hetzner", "vultr"].map(str::to_owned).to_vec(),
        gpu_models: vec!["nvidia-l4".into()],
        ..Names::default()
    };
    app::parse(text, "app.toml", &names).unwrap_or_else(|faults| panic!("{faults}")).app
}

/// A seat of a component.
pub fn seat(app: &App, component: &str, place: &str, offer: &str, count: u32, form: Form) -> Seat {
    let (provider, region) = place.split_once(':').expect("provider:region");
    let name = component.split('#').next().unwrap_or_default();
    Seat {
        component: component.to_owned(),
        kind: app.components.iter().find(|c| c.name == name).expect("a component of the application").kind,
        provider: provider.to_owned(),
        region: region.to_owned(),
        offer: offer.to_owned(),
        purchase: Purchase::OnDemand,
        count,
        above: Vec::new(),
        form: Some(form),
        machine_of: None,
        usd_month: None,
    }
}

/// A side with a share of the traffic.
pub fn side(seat: Seat, percent: u8) -> Side {
    Side { percent, ..Side::whole(&seat, "test") }
}
