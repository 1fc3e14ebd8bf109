//! Links, paths, rules, today, totals: what concerns several parts of a file.

use super::{DB, EU, HEAD, LINK, WEB, faults};
use insta::assert_snapshot;

#[test]
fn a_hop_without_a_link() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#"[[path]]
name = "page"
through = ["web", "db"]
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: no link joins `web` and `db`
      --> app.toml:14:19 (path[0].through[1])
    14 | through = ["web", "db"]
       |                   ^^^^ expected a component that is linked to the one before
       = help: add `[[link]]` with `from = "web"` and `to = "db"`
    "#);
}

#[test]
fn a_path_with_an_unknown_audience() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        EU,
        r#"[[path]]
name = "page"
through = ["web"]
audience = "ue"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: unknown audience `ue`
      --> app.toml:18:12 (path[0].audience)
    18 | audience = "ue"
       |            ^^^^ expected `eu`, `weighted`, `each` or `internal`
    "#);
}

#[test]
fn bounds_that_contradict() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#"[[path]]
name = "a"
through = ["web"]
p50_ms = 5
p95_ms = 10
[[path]]
name = "b"
through = ["web"]
p95_ms = 5
percentile = "p50"
round_trips = 2
[[path]]
name = "c"
through = []
p95_ms = 0
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: a path with two bounds
      --> app.toml:16:1 (path[0].p95_ms)
    16 | p95_ms = 10
       | ^^^^^^ expected either `p50_ms` or `p95_ms`
       = help: write two paths if you need both

    error: `percentile` beside a bound
      --> app.toml:21:1 (path[1].percentile)
    21 | percentile = "p50"
       | ^^^^^^^^^^ expected either of them
       = help: the bound's name says the percentile

    error: round trips to a user on an internal path
      --> app.toml:22:15 (path[1].round_trips)
    22 | round_trips = 2
       |               ^ expected no `round_trips` here
       = help: `round_trips` of a `[[link]]` are those between components

    error: `through` is empty
      --> app.toml:25:11 (path[2].through)
    25 | through = []
       |           ^^ expected at least 1 item

    error: `p95_ms` is `0`
      --> app.toml:26:10 (path[2].p95_ms)
    26 | p95_ms = 0
       |          ^ expected a number above 0, at most 600000
    "#);
}

#[test]
fn a_path_of_users_into_the_inside() {
    let text = faults(&[
        HEAD,
        WEB,
        r#"public = false
[[component]]
name = "w"
kind = "worker"
cpu = 1
memory_gib = 2
"#,
        EU,
        r#"[[path]]
name = "a"
through = ["web"]
[[path]]
name = "b"
through = ["w"]
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: a path of users begins with `web`, which is not public
      --> app.toml:19:12 (path[0].through[0])
    19 | through = ["web"]
       |            ^^^^^ expected a component that users can reach
       = help: write `audience = "internal"` for a path inside the application

    error: a path of users begins with `w`, which is a worker
      --> app.toml:22:12 (path[1].through[0])
    22 | through = ["w"]
       |            ^^^ expected a component that users can reach
       = help: write `audience = "internal"` for a path inside the application
    "#);
}

#[test]
fn an_objective_without_paths() {
    let text = faults(&[
        HEAD,
        r#"[objective]
minimize = "latency"
"#,
        WEB,
    ]);
    assert_snapshot!(text, @r#"
    error: latency is to be minimised, but there is no path
     --> app.toml:4:12 (objective.minimize)
    4 | minimize = "latency"
      |            ^^^^^^^^^ expected at least one `[[path]]`
    "#);
}

#[test]
fn an_objective_without_a_price() {
    let text = faults(&[
        HEAD,
        r#"[objective]
minimize = "cost_and_latency"
"#,
        WEB,
        r#"[[path]]
name = "a"
through = ["web"]
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: latency has a weight, but no path says what a millisecond is worth
     --> app.toml:4:12 (objective.minimize)
    4 | minimize = "cost_and_latency"
      |            ^^^^^^^^^^^^^^^^^^ expected `usd_per_ms` above 0 in at least one `[[path]]`
    "#);
}

#[test]
fn bad_rules() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#"[[rule]]
kind = "same_zone"
components = ["web", "db"]
[[rule]]
kind = "same_region"
components = ["web"]
[[rule]]
kind = "same_region"
components = ["web", "web", "cache"]
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: unknown word `same_zone`
      --> app.toml:13:8 (rule[0].kind)
    13 | kind = "same_zone"
       |        ^^^^^^^^^^^ expected `same_region`, `same_provider`, `same_country`, `different_region`, `different_provider` or `different_country`

    error: `components` has 1 item
      --> app.toml:17:14 (rule[1].components)
    17 | components = ["web"]
       |              ^^^^^^^ expected at least 2 items

    error: `web` for the second time
      --> app.toml:20:22 (rule[2].components[1])
    20 | components = ["web", "web", "cache"]
       |                      ^^^^^ expected every item once

    error: unknown component `cache`
      --> app.toml:20:29 (rule[2].components[2])
    20 | components = ["web", "web", "cache"]
       |                             ^^^^^^^ expected `web` or `db`
    "#);
}

#[test]
fn a_placement_of_today_with_gaps() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#"[[today]]
component = "web"
provider = "awz"
region = "eu-west-1"
offer = "m7g.large"
[[today]]
component = "web"
provider = "aws"
region = "europe-west1"
offer = "m7g.large"
count = 0
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: unknown provider `awz`
      --> app.toml:14:12 (today[0].provider)
    14 | provider = "awz"
       |            ^^^^^ expected `aws`, `azure`, `gcp` or `hetzner`
       = did you mean `aws`?

    error: today's placement is without `db`
      --> app.toml:17:1 (today[1])
    17 | [[today]]
       | ^^^^^^^^^ expected one `[[today]]` for every component, or none at all

    error: `web` for the second time
      --> app.toml:18:13 (today[1].component)
    18 | component = "web"
       |             ^^^^^ expected every item once

    error: unknown aws region `europe-west1`
      --> app.toml:20:10 (today[1].region)
    20 | region = "europe-west1"
       |          ^^^^^^^^^^^^^^ expected `eu-west-1` or `us-east-1`

    error: `count` is `0`
      --> app.toml:22:9 (today[1].count)
    22 | count = 0
       |         ^ expected a whole number from 1 to 100000
    "#);
}

#[test]
fn too_much_traffic_together() {
    let many: String =
        (0..11).map(|i| WEB.replace("web", &format!("w{i}")) + "users_gb_month = 10_000_000\n").collect();
    let text = faults(&[HEAD, EU, &many]);
    assert_snapshot!(text, @r#"
    error: all traffic together is 110000000 GB a month
     --> app.toml:1:1
    1 | version = 1
      | ^ expected at most 100000000 GB a month
    "#);
}

#[test]
fn everything_at_once() {
    let text = faults(&[
        HEAD,
        r#"[budget]
usd_month = "500"
[[component]]
name = "web"
kind = "service"
cpus = 1
memory_gib = 2
[[link]]
from = "web"
to = "dbb"
[[path]]
name = "page"
through = ["web", "dbb"]
audience = "eu"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: `usd_month` is the string `500`
     --> app.toml:4:13 (budget.usd_month)
    4 | usd_month = "500"
      |             ^^^^^ expected a number above 0, at most 1000000000
      = help: write it without quotes

    error: this component of kind `service` has no `cpu`
     --> app.toml:5:1 (component[0].cpu)
    5 | [[component]]
      | ^^^^^^^^^^^^^ expected `cpu = …`

    error: unknown key `cpus`
     --> app.toml:8:1 (component[0].cpus)
    8 | cpus = 1
      | ^^^^ expected a key of `[[component]]`
      = did you mean `cpu`?

    error: unknown component `dbb`
      --> app.toml:12:6 (link[0].to)
    12 | to = "dbb"
       |      ^^^^^ expected `web`

    error: unknown component `dbb`
      --> app.toml:15:19 (path[0].through[1])
    15 | through = ["web", "dbb"]
       |                   ^^^^^ expected `web`

    error: a path for `eu`, but no audience
      --> app.toml:16:12 (path[0].audience)
    16 | audience = "eu"
       |            ^^^^ expected at least one `[[audience]]`, or `audience = "internal"`
    "#);
}

#[test]
fn a_link_with_two_bounds() {
    let text = faults(&[HEAD, WEB, DB, LINK, "p50_ms = 5\np95_ms = 10\n"]);
    assert_snapshot!(text);
}
