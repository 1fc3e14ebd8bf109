//! Components, names, audiences and constraints that contradict themselves or the price book.

use super::{DB, EU, HEAD, LINK, WEB, faults};
use insta::assert_snapshot;

#[test]
fn keys_of_another_kind() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#"gpu = { count = 1 }
image = "postgres:17"
replicas = 2
[[component]]
name = "lb"
kind = "load_balancer"
replicas = 2
[[component]]
name = "web2"
kind = "service"
cpu = 1
memory_gib = 1
hours_month = 5
managed = "only"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: `gpu` makes no sense for the kind `postgres`
      --> app.toml:12:1 (component[1].gpu)
    12 | gpu = { count = 1 }
       | ^^^ expected `gpu` only for `service`, `worker` or `job`

    error: `image` makes no sense for the kind `postgres`
      --> app.toml:13:1 (component[1].image)
    13 | image = "postgres:17"
       | ^^^^^ expected `image` only for `service`, `worker` or `job`

    error: `replicas` makes no sense for the kind `postgres`
      --> app.toml:14:1 (component[1].replicas)
    14 | replicas = 2
       | ^^^^^^^^ expected `replicas` only for `service`, `worker` or `job`

    error: `replicas` makes no sense for the kind `load_balancer`
      --> app.toml:18:1 (component[2].replicas)
    18 | replicas = 2
       | ^^^^^^^^ expected `replicas` only for `service`, `worker` or `job`

    error: `hours_month` makes no sense for the kind `service`
      --> app.toml:24:1 (component[3].hours_month)
    24 | hours_month = 5
       | ^^^^^^^^^^^ expected `hours_month` only for `job`

    error: `managed` makes no sense for the kind `service`
      --> app.toml:25:1 (component[3].managed)
    25 | managed = "only"
       | ^^^^^^^ expected `managed` only for `postgres`, `mysql`, `redis` or `kafka`
    "#);
}

#[test]
fn keys_that_a_kind_needs() {
    let text = faults(&[
        HEAD,
        r#"[[component]]
name = "a"
kind = "job"
[[component]]
name = "b"
kind = "redis"
[[component]]
name = "c"
kind = "static_site"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: this component of kind `job` has no `cpu`
     --> app.toml:3:1 (component[0].cpu)
    3 | [[component]]
      | ^^^^^^^^^^^^^ expected `cpu = …`

    error: this component of kind `job` has no `memory_gib`
     --> app.toml:3:1 (component[0].memory_gib)
    3 | [[component]]
      | ^^^^^^^^^^^^^ expected `memory_gib = …`

    error: this component of kind `job` has no `hours_month`
     --> app.toml:3:1 (component[0].hours_month)
    3 | [[component]]
      | ^^^^^^^^^^^^^ expected `hours_month = …`

    error: this component of kind `redis` has no `memory_gib`
     --> app.toml:6:1 (component[1].memory_gib)
    6 | [[component]]
      | ^^^^^^^^^^^^^ expected `memory_gib = …`

    error: this component of kind `static_site` has no `disk_gb`
     --> app.toml:9:1 (component[2].disk_gb)
    9 | [[component]]
      | ^^^^^^^^^^^^^ expected `disk_gb = …`
    "#);
}

#[test]
fn a_spread_or_zones_without_replicas() {
    let text = faults(&[
        HEAD,
        WEB,
        r#"spread = "regions"
[[component]]
name = "api"
kind = "service"
cpu = 1
memory_gib = 2
zones = 3
replicas = 2
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: a spread over other places with 1 replica
     --> app.toml:8:10 (component[0].spread)
    8 | spread = "regions"
      |          ^^^^^^^^^ expected at least 2 replicas
      = help: state `replicas`, and its `min` where it is a table

    error: 3 zones, but only 2 replicas
      --> app.toml:14:9 (component[1].zones)
    14 | zones = 3
       |         ^ expected a replica for every zone
       = help: state `replicas`, and its `min` where it is a table
    "#);
}

#[test]
fn a_gpu_on_serverless() {
    let text = faults(&[
        HEAD,
        WEB,
        r#"run_on = ["machines", "serverless"]
gpu = { count = 1, models = ["nvidia-l5"] }
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: `serverless` beside `gpu`
     --> app.toml:8:23 (component[0].run_on[1])
    8 | run_on = ["machines", "serverless"]
      |                       ^^^^^^^^^^^^ expected only `machines` with a `gpu`

    error: unknown GPU model `nvidia-l5`
     --> app.toml:9:30 (component[0].gpu.models[0])
    9 | gpu = { count = 1, models = ["nvidia-l5"] }
      |                              ^^^^^^^^^^^ expected `nvidia-a100`, `nvidia-l4` or `nvidia-t4`
      = did you mean `nvidia-l4`?
    "#);
}

#[test]
fn bad_names() {
    let text = faults(&[r#"version = 1
name = "My Shop"
[[component]]
name = "Wéb"
kind = "service"
cpu = 1
memory_gib = 2
[[component]]
name = "-"
kind = "postgres"
memory_gib = 4
[[component]]
name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
kind = "service"
cpu = 1
memory_gib = 2
"#]);
    assert_snapshot!(text, @r#"
    error: the name `My Shop`
     --> app.toml:2:8 (name)
    2 | name = "My Shop"
      |        ^^^^^^^^^ expected lower-case letters, digits, `-` and `_`, with a letter or digit at both ends
      = did you mean `my-shop`?

    error: the name `Wéb`
     --> app.toml:4:8 (component[0].name)
    4 | name = "Wéb"
      |        ^^^^^ expected lower-case letters, digits, `-` and `_`, with a letter or digit at both ends
      = did you mean `w-b`?

    error: the name `-`
     --> app.toml:9:8 (component[1].name)
    9 | name = "-"
      |        ^^^ expected lower-case letters, digits, `-` and `_`, with a letter or digit at both ends

    error: `name` has 64 characters
      --> app.toml:13:8 (component[2].name)
    13 | name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected at most 63 characters
    "#);
}

#[test]
fn names_used_twice() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        WEB,
        EU,
        r#"[[audience]]
name = "eu"
city = "London"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: a second component named `web`
      --> app.toml:13:8 (component[2].name)
    13 | name = "web"
       |        ^^^^^ expected a name that no other component has

    error: a second audience named `eu`
      --> app.toml:21:8 (audience[1].name)
    21 | name = "eu"
       |        ^^^^ expected a name that no other audience has
    "#);
}

#[test]
fn a_link_to_an_unknown_component() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#"[[link]]
from = "web"
to = "dbb"
[[link]]
from = "frontend"
to = "db"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: unknown component `dbb`
      --> app.toml:14:6 (link[0].to)
    14 | to = "dbb"
       |      ^^^^^ expected `web` or `db`
       = did you mean `db`?

    error: unknown component `frontend`
      --> app.toml:16:8 (link[1].from)
    16 | from = "frontend"
       |        ^^^^^^^^^^ expected `web` or `db`
    "#);
}

#[test]
fn a_link_to_itself() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#"[[link]]
from = "web"
to = "web"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: a link from `web` to itself
      --> app.toml:14:6 (link[0].to)
    14 | to = "web"
       |      ^^^^^ expected another component
    "#);
}

#[test]
fn the_same_link_twice() {
    let text = faults(&[HEAD, WEB, DB, LINK, LINK]);
    assert_snapshot!(text, @r#"
    error: a second link from `web` to `db`
      --> app.toml:17:6 (link[1].to)
    17 | to = "db"
       |      ^^^^ expected one link
       = help: add the traffic of both together
    "#);
}

#[test]
fn an_unknown_city() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#"[[audience]]
name = "eu"
city = "Berlim"
[[audience]]
name = "uk"
city = "Atlantis, GR"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: unknown city `Berlim`
      --> app.toml:14:8 (audience[0].city)
    14 | city = "Berlim"
       |        ^^^^^^^^ expected a city of the price book, or `lat` and `lon` instead
       = did you mean `Berlin`?

    error: unknown city `Atlantis, GR`
      --> app.toml:17:8 (audience[1].city)
    17 | city = "Atlantis, GR"
       |        ^^^^^^^^^^^^^^ expected a city of the price book, or `lat` and `lon` instead
    "#);
}

#[test]
fn an_ambiguous_city() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#"[[audience]]
name = "eu"
city = "Paris"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: 2 cities are named `Paris`
      --> app.toml:14:8 (audience[0].city)
    14 | city = "Paris"
       |        ^^^^^^^ expected `Paris, FR` or `Paris, US`
    "#);
}

#[test]
fn an_audience_in_two_places_or_none() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        EU,
        r#"lat = 1
lon = 2
[[audience]]
name = "b"
lat = 91
[[audience]]
name = "c"
[[audience]]
name = "d"
lon = 5
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: both a city and coordinates
      --> app.toml:15:1 (audience[0].lat)
    15 | lat = 1
       | ^^^ expected `city = "…"`, or `lat = …` and `lon = …`

    error: `lat` without `lon`
      --> app.toml:19:1 (audience[1].lat)
    19 | lat = 91
       | ^^^ expected `city = "…"`, or `lat = …` and `lon = …`

    error: `lat` is `91`
      --> app.toml:19:7 (audience[1].lat)
    19 | lat = 91
       |       ^^ expected a number from -90 to 90

    error: this audience is nowhere
      --> app.toml:20:1 (audience[2].lon)
    20 | [[audience]]
       | ^^^^^^^^^^^^ expected `city = "…"`, or `lat = …` and `lon = …`

    error: `lon` without `lat`
      --> app.toml:24:1 (audience[3].lon)
    24 | lon = 5
       | ^^^ expected `city = "…"`, or `lat = …` and `lon = …`
    "#);
}

#[test]
fn an_audience_with_the_name_of_a_word() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#"[[audience]]
name = "each"
city = "Berlin"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: `each` is a word of its own in `[[path]]`
      --> app.toml:13:8 (audience[0].name)
    13 | name = "each"
       |        ^^^^^^ expected another name
    "#);
}

#[test]
fn unknown_names_in_constraints() {
    let text = faults(&[
        HEAD,
        r#"[constraints]
providers = { allow = ["asw"], deny = ["oracle"] }
regions = { allow = ["eu-west-1", "aws:eu-west-9", "moon"] }
countries = { allow = ["de", "XX"] }
continents = { deny = ["Europe"] }
"#,
        WEB,
    ]);
    assert_snapshot!(text, @r#"
    error: unknown provider `asw`
     --> app.toml:4:24 (constraints.providers.allow[0])
    4 | providers = { allow = ["asw"], deny = ["oracle"] }
      |                        ^^^^^ expected `aws`, `azure`, `gcp` or `hetzner`
      = did you mean `aws`?

    error: unknown provider `oracle`
     --> app.toml:4:40 (constraints.providers.deny[0])
    4 | providers = { allow = ["asw"], deny = ["oracle"] }
      |                                        ^^^^^^^^ expected `aws`, `azure`, `gcp` or `hetzner`

    error: the region `eu-west-1` without a provider
     --> app.toml:5:22 (constraints.regions.allow[0])
    5 | regions = { allow = ["eu-west-1", "aws:eu-west-9", "moon"] }
      |                      ^^^^^^^^^^^ expected `provider:code`, like `aws:eu-west-1`
      = did you mean `aws:eu-west-1`?

    error: unknown region `aws:eu-west-9`
     --> app.toml:5:35 (constraints.regions.allow[1])
    5 | regions = { allow = ["eu-west-1", "aws:eu-west-9", "moon"] }
      |                                   ^^^^^^^^^^^^^^^ expected `aws:eu-west-1`, `aws:us-east-1`, `gcp:europe-west1` or `hetzner:fsn1`
      = did you mean `aws:eu-west-1`?

    error: the region `moon` without a provider
     --> app.toml:5:52 (constraints.regions.allow[2])
    5 | regions = { allow = ["eu-west-1", "aws:eu-west-9", "moon"] }
      |                                                    ^^^^^^ expected `provider:code`, like `aws:eu-west-1`

    error: unknown country `de`
     --> app.toml:6:24 (constraints.countries.allow[0])
    6 | countries = { allow = ["de", "XX"] }
      |                        ^^^^ expected `DE`, `FR`, `GB`, `IE` or `US`
      = did you mean `DE`?

    error: unknown country `XX`
     --> app.toml:6:30 (constraints.countries.allow[1])
    6 | countries = { allow = ["de", "XX"] }
      |                              ^^^^ expected `DE`, `FR`, `GB`, `IE` or `US`

    error: unknown continent `Europe`
     --> app.toml:7:24 (constraints.continents.deny[0])
    7 | continents = { deny = ["Europe"] }
      |                        ^^^^^^^^ expected `asia`, `europe` or `north_america`
      = did you mean `europe`?
    "#);
}

#[test]
fn allowed_and_denied() {
    let text = faults(&[
        HEAD,
        WEB,
        r#"[component.constraints]
providers = { allow = ["aws"], deny = ["aws"] }
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: `aws` is both allowed and denied
     --> app.toml:9:40 (component[0].constraints.providers.deny[0])
    9 | providers = { allow = ["aws"], deny = ["aws"] }
      |                                        ^^^^^ expected it in one of the lists
    "#);
}

#[test]
fn no_audience_where_one_is_needed() {
    let text = faults(&[
        HEAD,
        WEB,
        r#"users_gb_month = 5
[[path]]
name = "page"
through = ["web"]
audience = "each"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: traffic to users, but no audience
     --> app.toml:8:1 (component[0].users_gb_month)
    8 | users_gb_month = 5
      | ^^^^^^^^^^^^^^ expected at least one `[[audience]]`
      = help: say where the users are, or use `outbound_gb_month` for traffic to third parties

    error: a path for `each`, but no audience
      --> app.toml:12:12 (path[0].audience)
    12 | audience = "each"
       |            ^^^^^^ expected at least one `[[audience]]`, or `audience = "internal"`
    "#);
}

#[test]
fn shares_that_do_not_add_up() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        EU,
        r#"share = 60
[[audience]]
name = "uk"
city = "Berlin"
share = 30
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: the shares add up to 90
      --> app.toml:19:9 (audience[1].share)
    19 | share = 30
       |         ^^ expected 100 (percent)
    "#);
}

#[test]
fn a_share_that_is_missing() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        EU,
        r#"share = 60
[[audience]]
name = "uk"
city = "Berlin"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: this audience has no `share`, but others have
      --> app.toml:16:1 (audience[1].share)
    16 | [[audience]]
       | ^^^^^^^^^^^^ expected `share = …`
       = help: state all shares or none
    "#);
}

#[test]
fn environments() {
    let text = faults(&[
        HEAD,
        WEB,
        "env = [\"A=1\", \"A=2\", \"lower=1\", \"none\", \"A_B=x=y\"]\nsecrets = [\"A\", \"1B\", \"C\", \"C\"]\nport = 70000\n",
        DB,
        "port = 5432\n",
    ]);
    assert_snapshot!(text);
}
