//! Shared machines and mixed purchases that cannot be.

use super::{DB, EU, HEAD, WEB, faults};
use insta::assert_snapshot;

/// A worker that shares machines.
fn sharing(name: &str, more: &str) -> String {
    format!(
        "[[component]]\nname = \"{name}\"\nkind = \"worker\"\ncpu = 1\nmemory_gib = 1\nshare_machine = \"g\"\n{more}\n"
    )
}

#[test]
fn what_cannot_share_machines() {
    let spread = sharing("a", "replicas = 2\nspread = \"regions\"");
    let varying = sharing("b", "replicas = { typical = 2, max = 4 }\nzones = 2");
    let store =
        "[[component]]\nname = \"c\"\nkind = \"redis\"\nmemory_gib = 1\nshare_machine = \"g\"\nmanaged = \"only\"\n";
    let serverless = sharing("d", "run_on = [\"serverless\"]");
    let alone = "[[component]]\nname = \"e\"\nkind = \"worker\"\ncpu = 1\nmemory_gib = 1\nshare_machine = \"other\"\n";
    let site = "[[component]]\nname = \"f\"\nkind = \"static_site\"\ndisk_gb = 1\nshare_machine = \"g\"\n";
    assert_snapshot!(faults(&[HEAD, &spread, &varying, store, &serverless, alone, site]));
}

#[test]
fn too_many_share_machines() {
    assert_snapshot!(faults(&[HEAD, &sharing("a", "replicas = 8"), &sharing("b", "replicas = 3")]));
}

#[test]
fn a_mix_of_nothing() {
    let worker = |name: &str, more: &str| {
        format!("[[component]]\nname = \"{name}\"\nkind = \"worker\"\ncpu = 1\nmemory_gib = 1\n{more}\n")
    };
    let one = worker("a", "mixed = { base = 2 }");
    let committed = worker("b", "purchase = [\"reserved_1y\", \"reserved_3y\"]\nmixed = {}");
    let percent = worker("c", "purchase = [\"reserved_1y\", \"spot\"]\nmixed = { on_demand_above_base = 10 }");
    let spread = worker("d", "purchase = [\"on_demand\", \"spot\"]\nreplicas = 2\nspread = \"regions\"\nmixed = {}");
    let range = worker("e", "purchase = [\"on_demand\", \"spot\"]\nmixed = { interruptions_month = 800, bas = 1 }");
    assert_snapshot!(faults(&[HEAD, &one, &committed, &percent, &spread, &range]));
}

#[test]
fn machines_of_today_that_do_not_agree() {
    let today = |name: &str, more: &str| {
        format!(
            "[[today]]\ncomponent = \"{name}\"\nprovider = \"aws\"\nregion = \"eu-west-1\"\noffer = \"m7g.large\"\n{more}\n"
        )
    };
    let text = faults(&[
        HEAD,
        EU,
        WEB,
        DB,
        &sharing("a", ""),
        &sharing("b", "replicas = 2"),
        &today("web", "machines = [\"vm\"]\nspot_count = 2"),
        &today("db", "machines = [\"vm\"]"),
        &today("a", "machines = [\"one\"]\ncount = 1"),
        &today("b", "machines = [\"one\", \"one\", \"two\"]\npurchase = \"spot\""),
    ]);
    assert_snapshot!(text);
}
