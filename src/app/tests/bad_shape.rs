//! Files of the wrong shape: keys, types, words, ranges.

use super::{DB, HEAD, LINK, WEB, faults};
use insta::assert_snapshot;

#[test]
fn an_empty_file() {
    let text = faults(&[]);
    assert_snapshot!(text, @r#"
    error: the file is empty
     --> app.toml:1:1
      = expected an application
      = help: begin with `version = 1`, `name = "…"` and a `[[component]]`
    "#);
}

#[test]
fn only_a_comment() {
    let text = faults(&["# to do\n"]);
    assert_snapshot!(text, @r#"
    error: the file is empty
     --> app.toml:1:1
    1 | # to do
      | ^ expected an application
      = help: begin with `version = 1`, `name = "…"` and a `[[component]]`
    "#);
}

#[test]
fn keys_that_must_be_there() {
    let text = faults(&[r"version = 1
[[component]]
"]);
    assert_snapshot!(text, @r#"
    error: the file has no `name`
     --> app.toml:1:1 (name)
    1 | version = 1
      | ^ expected `name = "…"`

    error: this table has no `name`
     --> app.toml:2:1 (component[0].name)
    2 | [[component]]
      | ^^^^^^^^^^^^^ expected `name = "…"`

    error: this table has no `kind`
     --> app.toml:2:1 (component[0].kind)
    2 | [[component]]
      | ^^^^^^^^^^^^^ expected `kind = "…"` with `service`, `worker`, `job`, `static_site`, `postgres`, `mysql`, `redis`, `kafka`, `object_storage` or `load_balancer`
    "#);
}

#[test]
fn another_version() {
    let text = faults(&[r#"version = 2
name = "shop"
cloud = "aws"
"#]);
    assert_snapshot!(text, @r#"
    error: the file is of version `2`
     --> app.toml:1:11 (version)
    1 | version = 2
      |           ^ expected `version = 1`, which is all that this placer reads
    "#);
}

#[test]
fn a_version_with_a_fraction() {
    let text = faults(&[
        r#"version = 2.0
name = "shop"
"#,
        WEB,
        DB,
    ]);
    assert_snapshot!(text, @r#"
    error: `version` is `2.0`
     --> app.toml:1:11 (version)
    1 | version = 2.0
      |           ^^^ expected 1
    "#);
}

#[test]
fn a_version_in_quotes() {
    let text = faults(&[
        r#"version = "1"
name = "shop"
"#,
        WEB,
        DB,
    ]);
    assert_snapshot!(text, @r#"
    error: `version` is the string `1`
     --> app.toml:1:11 (version)
    1 | version = "1"
      |           ^^^ expected 1
      = help: write it without quotes
    "#);
}

#[test]
fn an_unknown_key_at_the_top() {
    let text = faults(&[HEAD, "nam = \"x\"\n", WEB]);
    assert_snapshot!(text, @r#"
    error: unknown key `nam`
     --> app.toml:3:1 (nam)
    3 | nam = "x"
      | ^^^ expected a key of the file's top level
      = did you mean `name`?
    "#);
}

#[test]
fn a_plural_section() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#"[[links]]
from = "web"
to = "db"
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: unknown key `links`
      --> app.toml:12:3 (links)
    12 | [[links]]
       |   ^^^^^ expected a key of the file's top level
       = did you mean `link`?
    "#);
}

#[test]
fn an_unknown_key_in_a_component() {
    let text = faults(&[
        HEAD,
        WEB,
        r"memory = 2
replica = 2
",
    ]);
    assert_snapshot!(text, @r#"
    error: unknown key `memory`
     --> app.toml:8:1 (component[0].memory)
    8 | memory = 2
      | ^^^^^^ expected a key of `[[component]]`
      = did you mean `memory_gib`?

    error: unknown key `replica`
     --> app.toml:9:1 (component[0].replica)
    9 | replica = 2
      | ^^^^^^^ expected a key of `[[component]]`
      = did you mean `replicas`?
    "#);
}

#[test]
fn an_unknown_key_deep_down() {
    let text = faults(&[
        HEAD,
        WEB,
        r#"cpus = 1
gpu = { count = 1, model = ["nvidia-l4"] }
[component.constraints]
provider = { allow = ["aws"] }
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: unknown key `cpus`
     --> app.toml:8:1 (component[0].cpus)
    8 | cpus = 1
      | ^^^^ expected a key of `[[component]]`
      = did you mean `cpu`?

    error: unknown key `model`
     --> app.toml:9:20 (component[0].gpu.model)
    9 | gpu = { count = 1, model = ["nvidia-l4"] }
      |                    ^^^^^ expected `count` or `models`
      = did you mean `models`?

    error: unknown key `provider`
      --> app.toml:11:1 (component[0].constraints.provider)
    11 | provider = { allow = ["aws"] }
       | ^^^^^^^^ expected `continents`, `countries`, `providers` or `regions`
       = did you mean `providers`?
    "#);
}

#[test]
fn a_key_with_strange_characters() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r#""a.b\u001b[31m" = 1
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: unknown key `a.b�[31m`
      --> app.toml:12:1 (component[1].`a.b�[31m`)
    12 | "a.b\u001b[31m" = 1
       | ^^^^^^^^^^^^^^^ expected a key of `[[component]]`
    "#);
}

#[test]
fn wrong_types() {
    let text = faults(&[r#"version = 1
name = 5
[[component]]
name = "web"
kind = "service"
cpu = "1"
memory_gib = true
dedicated = "true"
purchase = "spot"
image = ["a"]
arch = 64
replicas = 1979-05-27
"#]);
    assert_snapshot!(text, @r#"
    error: `name` is the number `5`
     --> app.toml:2:8 (name)
    2 | name = 5
      |        ^ expected a string

    error: `cpu` is the string `1`
     --> app.toml:6:7 (component[0].cpu)
    6 | cpu = "1"
      |       ^^^ expected a number from 0 to 10000, or a table like `{ min = …, typical = …, max = … }`
      = help: write it without quotes

    error: `memory_gib` is `true`
     --> app.toml:7:14 (component[0].memory_gib)
    7 | memory_gib = true
      |              ^^^^ expected a number from 0 to 100000, or a table like `{ min = …, typical = …, max = … }`

    error: `dedicated` is the string `true`
     --> app.toml:8:13 (component[0].dedicated)
    8 | dedicated = "true"
      |             ^^^^^^ expected `true` or `false`
      = help: write it without quotes

    error: `purchase` is the string `spot`
     --> app.toml:9:12 (component[0].purchase)
    9 | purchase = "spot"
      |            ^^^^^^ expected a list of strings
      = help: write `purchase = ["spot"]`

    error: `image` is a list
      --> app.toml:10:9 (component[0].image)
    10 | image = ["a"]
       |         ^^^^^ expected a string

    error: `arch` is the number `64`
      --> app.toml:11:8 (component[0].arch)
    11 | arch = 64
       |        ^^ expected `x86_64` or `arm64`

    error: `replicas` is a date or time
      --> app.toml:12:12 (component[0].replicas)
    12 | replicas = 1979-05-27
       |            ^^^^^^^^^^ expected a whole number from 1 to 10000, or a table like `{ min = …, typical = …, max = … }`
    "#);
}

#[test]
fn one_bracket_for_two() {
    let text = faults(&[
        HEAD,
        r#"[component]
name = "web"
kind = "service"
cpu = 1
memory_gib = 2
"#,
        LINK,
    ]);
    assert_snapshot!(text, @r#"
    error: `component` is a table
     --> app.toml:3:1 (component)
    3 | [component]
      | ^^^^^^^^^^^ expected a list of tables
      = help: write `[[component]]` with two brackets
    "#);
}

#[test]
fn two_brackets_for_one() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        r"[[budget]]
usd_month = 5
",
    ]);
    assert_snapshot!(text, @r#"
    error: `budget` is a list
      --> app.toml:12:1 (budget)
    12 | [[budget]]
       | ^^^^^^^^^^ expected a table like { usd_month = … }
       = help: write `[budget]` with one bracket
    "#);
}

#[test]
fn a_list_with_a_wrong_item() {
    let text = faults(&[
        HEAD,
        WEB,
        DB,
        LINK,
        r#"[[path]]
name = "p"
through = ["web", 5]
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: `through[1]` is the number `5`
      --> app.toml:17:19 (path[0].through[1])
    17 | through = ["web", 5]
       |                   ^ expected a string
    "#);
}

#[test]
fn negative_memory() {
    let text = faults(&[
        HEAD,
        WEB,
        r#"[[component]]
name = "db"
kind = "postgres"
memory_gib = -4
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: `memory_gib` is `-4`
      --> app.toml:11:14 (component[1].memory_gib)
    11 | memory_gib = -4
       |              ^^ expected a number from 0 to 100000
    "#);
}

#[test]
fn numbers_out_of_range() {
    let text = faults(&[
        HEAD,
        r#"[[component]]
name = "web"
kind = "service"
cpu = 10_001
memory_gib = 2
disk_gb = inf
service_ms = nan
replicas = 0
zones = 7
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: `cpu` is `10001`
     --> app.toml:6:7 (component[0].cpu)
    6 | cpu = 10_001
      |       ^^^^^^ expected a number from 0 to 10000

    error: `disk_gb` is `inf`
     --> app.toml:8:11 (component[0].disk_gb)
    8 | disk_gb = inf
      |           ^^^ expected a number from 0 to 100000000

    error: `service_ms` is `nan`
     --> app.toml:9:14 (component[0].service_ms)
    9 | service_ms = nan
      |              ^^^ expected a number from 0 to 600000

    error: `replicas` is `0`
      --> app.toml:10:12 (component[0].replicas)
    10 | replicas = 0
       |            ^ expected a whole number from 1 to 10000

    error: `zones` is `7`
      --> app.toml:11:9 (component[0].zones)
    11 | zones = 7
       |         ^ expected a whole number from 1 to 6
    "#);
}

#[test]
fn huge_numbers() {
    let text = faults(&[
        HEAD,
        r#"[[component]]
name = "web"
kind = "service"
cpu = 1e400
memory_gib = 99999999999999999999
disk_gb = 9999999999999999999999999999999999999999999999999999999999999999999999
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: `cpu` is `1e400`
     --> app.toml:6:7 (component[0].cpu)
    6 | cpu = 1e400
      |       ^^^^^ expected a number from 0 to 10000

    error: `memory_gib` is `99999999999999999999`
     --> app.toml:7:14 (component[0].memory_gib)
    7 | memory_gib = 99999999999999999999
      |              ^^^^^^^^^^^^^^^^^^^^ expected a number from 0 to 100000

    error: `disk_gb` is `999999999999999999999999999999999999999999999999999999999999…`
     --> app.toml:8:11 (component[0].disk_gb)
    8 | disk_gb = 9999999999999999999999999999999999999999999999999999999999999999999999
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected a number from 0 to 100000000
    "#);
}

#[test]
fn too_many_digits() {
    let text = faults(&[
        HEAD,
        r"[budget]
usd_month = 0.0000000001
",
        WEB,
        r"disk_gb = 0.0000001
replicas = 1.5
",
    ]);
    assert_snapshot!(text, @r#"
    error: `usd_month` is `0.0000000001`
     --> app.toml:4:13 (budget.usd_month)
    4 | usd_month = 0.0000000001
      |             ^^^^^^^^^^^^ expected at most 9 digits after the decimal point

    error: `disk_gb` is `0.0000001`
      --> app.toml:10:11 (component[0].disk_gb)
    10 | disk_gb = 0.0000001
       |           ^^^^^^^^^ expected at most 6 digits after the decimal point

    error: `replicas` is `1.5`
      --> app.toml:11:12 (component[0].replicas)
    11 | replicas = 1.5
       |            ^^^ expected a whole number
    "#);
}

#[test]
fn zero_replicas() {
    let text = faults(&[HEAD, WEB, "replicas = 0\n"]);
    assert_snapshot!(text, @r#"
    error: `replicas` is `0`
     --> app.toml:8:12 (component[0].replicas)
    8 | replicas = 0
      |            ^ expected a whole number from 1 to 10000
    "#);
}

#[test]
fn no_cpu_at_all() {
    let text = faults(&[
        HEAD,
        r#"[[component]]
name = "web"
kind = "service"
cpu = 0
memory_gib = 2
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: `cpu` is 0
     --> app.toml:6:7 (component[0].cpu)
    6 | cpu = 0
      |       ^ expected more than 0 for the kind `service`
    "#);
}

#[test]
fn a_usage_out_of_order() {
    let text = faults(&[
        HEAD,
        r#"[[component]]
name = "web"
kind = "service"
cpu = { min = 3, typical = 2, max = 1 }
memory_gib = { min = 1, max = 2 }
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: `min` 3 is above `typical` 2
     --> app.toml:6:15 (component[0].cpu.min)
    6 | cpu = { min = 3, typical = 2, max = 1 }
      |               ^ expected min <= typical <= max

    error: `max` 1 is below `typical` 2
     --> app.toml:6:37 (component[0].cpu.max)
    6 | cpu = { min = 3, typical = 2, max = 1 }
      |                                     ^ expected min <= typical <= max

    error: this table has no `typical`
     --> app.toml:7:14 (component[0].memory_gib.typical)
    7 | memory_gib = { min = 1, max = 2 }
      |              ^^^^^^^^^^^^^^^^^^^^ expected `typical = …`
    "#);
}

#[test]
fn unknown_words() {
    let text = faults(&[
        HEAD,
        r#"[objective]
minimize = "costs"
[[component]]
name = "web"
kind = "Service"
cpu = 1
memory_gib = 2
arch = "amd64"
purchase = ["ondemand"]
[[component]]
name = "db"
kind = "postgresql"
memory_gib = 4
"#,
    ]);
    assert_snapshot!(text, @r#"
    error: unknown word `costs`
     --> app.toml:4:12 (objective.minimize)
    4 | minimize = "costs"
      |            ^^^^^^^ expected `cost`, `latency` or `cost_and_latency`
      = did you mean `cost`?

    error: unknown word `Service`
     --> app.toml:7:8 (component[0].kind)
    7 | kind = "Service"
      |        ^^^^^^^^^ expected `service`, `worker`, `job`, `static_site`, `postgres`, `mysql`, `redis`, `kafka`, `object_storage` or `load_balancer`
      = did you mean `service`?

    error: unknown word `amd64`
      --> app.toml:10:8 (component[0].arch)
    10 | arch = "amd64"
       |        ^^^^^^^ expected `x86_64` or `arm64`

    error: unknown word `ondemand`
      --> app.toml:11:13 (component[0].purchase[0])
    11 | purchase = ["ondemand"]
       |             ^^^^^^^^^^ expected `on_demand`, `spot`, `reserved_1y` or `reserved_3y`
       = did you mean `on_demand`?

    error: unknown word `postgresql`
      --> app.toml:14:8 (component[1].kind)
    14 | kind = "postgresql"
       |        ^^^^^^^^^^^^ expected `service`, `worker`, `job`, `static_site`, `postgres`, `mysql`, `redis`, `kafka`, `object_storage` or `load_balancer`
       = did you mean `postgres`?
    "#);
}
