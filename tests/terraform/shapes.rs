//! What examples do not have: every kind of offer, two sides of a component, several providers, names at their limits.

use crate::schema::Schemas;
use crate::support::{formatted, parsed, seat, side, write};
use placer::app::App;
use placer::exec::terraform::{Configuration, PROVIDERS, Side, audit, generate};
use placer::plan::{Above, Form};
use placer::units::Purchase;

const APP: &str = r#"
version = 1
name = "shop"
[[audience]]
name = "all"
city = "Berlin"
[[component]]
name = "front"
kind = "load_balancer"
users_gb_month = 10
[[component]]
name = "web"
kind = "service"
image = "registry.example.com/web:1"
command = ["serve", "--greeting", "it's ${HOME} %{x} \"quoted\""]
port = 3000
env = ["GREETING=a \"b\" ${c} 100%", "DB_PORT=1"]
secrets = ["API_KEY"]
cpu = 1
memory_gib = 1
replicas = 3
[[component]]
name = "api"
kind = "service"
image = "registry.example.com/api:1"
cpu = 1
memory_gib = 1
[[component]]
name = "work"
kind = "worker"
image = "registry.example.com/work:1"
cpu = 1
memory_gib = 1
outbound_gb_month = 1
[[component]]
name = "db"
kind = "postgres"
memory_gib = 1
disk_gb = 30
[[component]]
name = "legacy"
kind = "mysql"
memory_gib = 1
disk_gb = 30
[[component]]
name = "cache"
kind = "redis"
memory_gib = 1
[[component]]
name = "queue"
kind = "kafka"
memory_gib = 1
disk_gb = 20
[[component]]
name = "files"
kind = "object_storage"
disk_gb = 5
[[component]]
name = "site"
kind = "static_site"
disk_gb = 1
users_gb_month = 1
[[component]]
name = "public"
kind = "service"
image = "registry.example.com/public:1"
cpu = 1
memory_gib = 1
replicas = 2
users_gb_month = 5
"#;

/// Everything calls everything that may be called.
fn app() -> App {
    let mut text = APP.to_owned();
    for (from, to) in [
        ("front", "web"),
        ("web", "api"),
        ("web", "db"),
        ("web", "legacy"),
        ("web", "cache"),
        ("web", "files"),
        ("work", "queue"),
        ("work", "db"),
        ("work", "api"),
        ("public", "db"),
        ("api", "cache"),
    ] {
        text += &format!("[[link]]\nfrom = \"{from}\"\nto = \"{to}\"\nrequest_gb_month = 1\n");
    }
    parsed(&text)
}

/// A machine, and managed offers, of each provider: balancer, PostgreSQL, MySQL, Redis, bucket.
const OFFERS: [(&str, [&str; 7]); 4] = [
    (
        "aws:eu-west-1",
        [
            "m7g.large",
            "ALB",
            "RDS PostgreSQL db.m6g.large multi-zone",
            "RDS MySQL db.t4g.small",
            "ElastiCache Redis OSS cache.r6g.large multi-zone",
            "S3 Standard",
            "S3 Standard",
        ],
    ),
    (
        "gcp:europe-west4",
        [
            "n4a-highcpu-2",
            "Cloud Load Balancing",
            "Cloud SQL Enterprise custom 2 vCPU 8 GiB multi-zone",
            "Cloud SQL Enterprise custom 1 vCPU 4 GiB",
            "Memorystore for Redis M2 5 GiB multi-zone",
            "Cloud Storage standard",
            "Cloud Storage standard",
        ],
    ),
    (
        "azure:westeurope",
        [
            "Standard_D2pls_v6",
            "Standard Load Balancer",
            "Database for PostgreSQL Flexible D4s_v3 multi-zone",
            "Database for MySQL Flexible B1ms",
            "Azure Managed Redis Balanced B3 multi-zone",
            "Blob Hot LRS",
            "Blob Hot LRS",
        ],
    ),
    ("hetzner:fsn1", ["cax11", "LB11", "", "", "", "", ""]),
];

/// Everything at one provider: managed where it has that.
fn everything(app: &App, place: &str, offers: &[&str; 7]) -> Vec<Side> {
    let [machine, balancer, postgres, mysql, redis, bucket, site] = *offers;
    let mut all = Vec::new();
    for name in ["web", "api", "work", "public"] {
        let count = if name == "web" {
            3
        } else if name == "public" {
            2
        } else {
            1
        };
        all.push(seat(app, name, place, machine, count, Form::Machines));
    }
    all[0].above = vec![Above { purchase: Purchase::Spot, count: 1 }];
    all.push(seat(app, "front", place, balancer, 1, Form::Managed));
    for (name, offer) in [("db", postgres), ("legacy", mysql), ("cache", redis)] {
        let packaged = offer.is_empty();
        let (offer, form) = if packaged { (machine, Form::Packaged) } else { (offer, Form::Managed) };
        all.push(seat(app, name, place, offer, 1, form));
    }
    all.push(seat(app, "queue", place, machine, 1, Form::Packaged));
    for (name, offer) in [("files", bucket), ("site", site)].into_iter().filter(|(_, offer)| !offer.is_empty()) {
        all.push(seat(app, name, place, offer, 1, Form::Managed));
    }
    all.into_iter().map(|seat| side(seat, 100)).collect()
}

/// Checks every module by the formatter, the schemas and the rules.
fn sound(made: &Configuration) {
    let schemas = Schemas::load();
    let scratch = tempfile::tempdir().expect("a folder");
    for (provider, module) in &made.modules {
        let (wrong, _) = schemas.check(&module.files);
        assert!(wrong.is_empty(), "{provider}:\n{}", wrong.join("\n"));
        let found = audit::module(&module.files).expect("configurations");
        assert!(found.is_empty(), "{}", found[0]);
        write(&scratch.path().join(provider), &module.files);
    }
    formatted(scratch.path());
}

#[test]
fn every_kind_of_offer_at_every_provider_is_sound() {
    let app = app();
    for (place, offers) in &OFFERS {
        let made = generate(&app, &everything(&app, place, offers));
        let gaps: Vec<String> = made.all_gaps().iter().map(|gap| format!("{}: {}", gap.what, gap.why)).collect();
        assert_eq!(made.modules.len(), 1);
        let hetzner = place.starts_with("hetzner");
        let expected = if hetzner {
            vec!["web -> files: files is at no place; a store is reached inside its provider's private network only. No connection is made, and FILES_... is not set".to_owned()]
        } else {
            Vec::new()
        };
        assert_eq!(gaps, expected, "{place}");
        sound(&made);
    }
}

#[test]
fn stores_on_machines_of_the_team_s_own_are_sound_everywhere() {
    let app = app();
    for (place, [machine, ..]) in &OFFERS {
        let all = ["db", "legacy", "cache", "queue", "web", "work"];
        let form = |name: &str| if matches!(name, "web" | "work") { Form::Machines } else { Form::Packaged };
        let sides: Vec<Side> =
            all.iter().map(|name| side(seat(&app, name, place, machine, 1, form(name)), 100)).collect();
        let made = generate(&app, &sides);
        let text: String = made.modules.values().flat_map(|module| module.files.values()).cloned().collect();
        for image in ["postgres:17", "mysql:8.4", "valkey/valkey:8", "apache/kafka:4.1.0"] {
            assert!(text.contains(image), "{place} runs {image}");
        }
        assert!(!place.starts_with("hetzner") || text.contains("luksFormat"), "volumes at Hetzner are encrypted");
        sound(&made);
    }
}

#[test]
fn other_tiers_are_sound_too() {
    let app = app();
    for (name, place, offer) in [
        ("db", "aws:us-east-1", "Aurora PostgreSQL I/O-Optimized db.r6g.large multi-zone"),
        ("legacy", "aws:us-east-1", "Aurora MySQL I/O-Optimized db.r6g.large"),
        ("front", "aws:us-east-1", "NLB"),
        ("cache", "azure:westeurope", "Azure Cache for Redis Premium P1 multi-zone"),
        ("cache", "azure:westeurope", "Azure Cache for Redis Basic C4"),
        ("front", "hetzner:ash", "LB31"),
    ] {
        let made = generate(&app, &[side(seat(&app, name, place, offer, 1, Form::Managed), 100)]);
        assert_eq!(made.all_gaps(), Vec::<&placer::exec::terraform::Gap>::new(), "{offer}");
        sound(&made);
    }
}

#[test]
fn two_sides_of_a_component_stand_beside_each_other_and_share_its_traffic() {
    let app = app();
    for (place, offers) in &OFFERS {
        let mut sides = everything(&app, place, offers);
        let other = match *place {
            "aws:eu-west-1" => "c7g.xlarge",
            "gcp:europe-west4" => "n4a-highcpu-4",
            "azure:westeurope" => "Standard_D4pls_v6",
            _ => "cax21",
        };
        let web = seat(&app, "web", place, other, 2, Form::Machines);
        let api = seat(&app, "api", place, other, 1, Form::Machines);
        sides[0].percent = 90;
        sides[1].percent = 90;
        sides.extend([side(web, 10), side(api, 10)]);
        let made = generate(&app, &sides);
        sound(&made);
        let module = made.modules.values().next().expect("a module");
        assert_eq!(module.sides.len(), sides.len());
        let text: String = module.files.values().cloned().collect();
        let weights: &[&str] = match place.split(':').next() {
            Some("aws") => &["weight = 90", "weight = 10"],
            Some("gcp") => &["capacity_scaler       = 0.90", "capacity_scaler       = 0.10", "weight  = 90"],
            _ => &[],
        };
        for weight in weights {
            assert!(text.contains(weight), "{place}: {weight}");
        }
    }
}

#[test]
fn an_application_over_several_providers_and_regions_is_sound_and_says_what_is_not_joined() {
    let app = app();
    let sides: Vec<Side> = [
        ("web", "aws:eu-west-1", "m7g.large", 2, Form::Machines),
        ("api", "gcp:europe-west4", "e2-small", 1, Form::Machines),
        ("work", "azure:westeurope", "Standard_B2pts_v2", 1, Form::Machines),
        ("db", "aws:us-east-1", "RDS PostgreSQL db.m6g.large", 1, Form::Managed),
        ("cache", "gcp:us-east1", "Memorystore for Redis M1 1 GiB", 1, Form::Managed),
        ("public", "hetzner:hel1", "cx23", 1, Form::Machines),
        ("legacy", "vultr:ams", "Managed MySQL", 1, Form::Managed),
    ]
    .into_iter()
    .map(|(name, place, offer, count, form)| side(seat(&app, name, place, offer, count, form), 100))
    .collect();
    let made = generate(&app, &sides);
    sound(&made);
    let gaps: Vec<String> = made.all_gaps().iter().map(|gap| gap.what.clone()).collect();
    for missing in ["legacy", "web -> cache", "web -> legacy", "work -> db", "public -> db"] {
        assert!(gaps.iter().any(|gap| gap == missing), "{missing} in {gaps:?}");
    }
    // Inside a provider everything is joined privately: AWS by a road between the two networks.
    assert!(!gaps.iter().any(|gap| gap == "web -> db" || gap == "api -> cache"), "{gaps:?}");
    assert!(made.modules["aws"].files["network.tf"].contains("aws_vpc_peering_connection\" \"eu_west_1_us_east_1"));
    // A service elsewhere lets in the addresses of its callers, and nobody else.
    let wanted = &made.modules["gcp"].addresses;
    assert!(wanted.iter().any(|w| w.variable == "callers_of_api" && w.component == "web" && w.outgoing), "{wanted:?}");
    assert!(made.modules["aws"].addresses.iter().any(|w| w.component == "api" && !w.outgoing));
}

#[test]
fn names_at_their_limits_are_within_the_providers() {
    let long = "n".repeat(63);
    let text = APP
        .replace("\"shop\"", &format!("\"{long}\""))
        .replace("name = \"web\"", &format!("name = \"w{}\"", "-e".repeat(31)));
    let app = parsed(&text);
    let name = format!("w{}", "-e".repeat(31));
    for (place, [machine, balancer, postgres, _, redis, bucket, _]) in &OFFERS {
        let mut sides = vec![side(seat(&app, &name, place, machine, 2, Form::Machines), 100)];
        for (component, offer) in [("front", balancer), ("db", postgres), ("cache", redis), ("files", bucket)] {
            if !offer.is_empty() {
                sides.push(side(seat(&app, component, place, offer, 1, Form::Managed), 100));
            }
        }
        let made = generate(&app, &sides);
        sound(&made);
        let module = made.modules.values().next().expect("a module");
        for top in placer::exec::terraform::tree::read(&module.files).expect("configurations") {
            let limit = match top.resource().unwrap_or_default() {
                "aws_lb" | "aws_lb_target_group" => 32,
                "aws_elasticache_replication_group" => 40,
                "azurerm_storage_account" => 24,
                "google_service_account" => 30,
                kind if kind.starts_with("google_") || kind.starts_with("hcloud_") => 63,
                kind if kind.starts_with("azurerm_") => 80,
                _ => continue,
            };
            // What is counted gets `-12` at its end.
            for attribute in ["name", "replication_group_id", "account_id"] {
                if let Some(name) = top.body.text(attribute) {
                    assert!(name.len() <= limit, "{}: {name}", top.address());
                }
            }
        }
        assert!(PROVIDERS.contains(&place.split(':').next().expect("a provider")));
    }
}

#[test]
fn what_people_write_means_itself() {
    let app = app();
    let made = generate(&app, &everything(&app, OFFERS[0].0, &OFFERS[0].1));
    let web =
        made.modules["aws"].files["web.tf"].split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    assert!(web.contains(r#"GREETING = "a \"b\" $${c} 100%""#), "{web}");
    assert!(web.contains(r#""it's $${HOME} %%{x} \"quoted\"""#), "{web}");
    assert!(web.contains("API_KEY = var.web_api_key"), "{web}");
    // What the application sets itself stays.
    assert!(web.contains("DB_PORT = \"1\"") && !web.contains("DB_PORT = \"5432\""), "{web}");
    let variables = &made.modules["aws"].files["variables.tf"];
    assert!(variables.contains("variable \"web_api_key\"") && variables.contains("sensitive   = true"), "{variables}");
    assert_eq!(made.modules["aws"].secrets, [("web_api_key".to_owned(), "API_KEY".to_owned())]);
}

#[test]
fn the_files_read_like_files_of_a_person() {
    let app = app();
    let sides = [
        side(seat(&app, "api", "hetzner:fsn1", "cax11", 1, Form::Machines), 100),
        side(seat(&app, "cache", "hetzner:fsn1", "cax11", 1, Form::Packaged), 100),
    ];
    let made = generate(&app, &sides);
    let text: Vec<String> =
        made.modules["hetzner"].files.iter().map(|(name, text)| format!("== {name}\n{text}")).collect();
    insta::assert_snapshot!("hetzner_module", text.join("\n"));
    let managed = [
        side(seat(&app, "api", "aws:eu-west-1", "m7g.large", 1, Form::Machines), 100),
        side(seat(&app, "cache", "aws:eu-west-1", "ElastiCache Redis OSS cache.r6g.large", 1, Form::Managed), 100),
    ];
    let made = generate(&app, &managed);
    let text: Vec<String> = made.modules["aws"].files.iter().map(|(name, text)| format!("== {name}\n{text}")).collect();
    insta::assert_snapshot!("aws_module", text.join("\n"));
}
