//! Bills worked out by hand, on a small made-up book whose prices are round. Every expectation is written as the
//! arithmetic that a person would do with the provider's price page.

#[path = "support/round_book.rs"]
mod round_book;

use placer::app;
use placer::policy::Policy;
use placer::problem::lower::{Options, lower};
use placer::problem::{Bill, Problem, check, names, score};
use placer::solve::{Limits, Status, solve};
use placer::units::Money;

/// An application solved and priced on the small book.
struct Priced {
    problem: Problem,
    bill: Bill,
}

impl Priced {
    fn total(&self) -> Money {
        self.bill.total
    }

    /// The sum of the lines whose JSON item is `item`, of one component (or the shared ones, by an empty name).
    fn of(&self, component: &str, item: &str) -> Money {
        let name = |line: &placer::problem::Line| match line.component {
            Some(c) => self.problem.components[c].name.clone(),
            None => String::new(),
        };
        let is = |line: &&placer::problem::Line| name(line) == component && word(line.item) == item;
        self.bill.lines.iter().filter(is).map(|line| line.cost).sum()
    }
}

fn word(item: placer::problem::LineItem) -> &'static str {
    use placer::problem::LineItem as L;
    match item {
        L::Charge(item) | L::Shared(item) => item.as_str(),
        L::TransferZone => "transfer_zone",
        L::TransferRegion => "transfer_region",
        L::EgressIncluded => "egress_included",
        L::Egress { .. } => "egress",
    }
}

fn priced(toml: &str) -> Priced {
    let book = round_book::book();
    let text = format!("version = 1\nname = \"case\"\n{toml}");
    let parsed = app::parse(text.as_bytes(), "case.toml", &names(&book)).unwrap_or_else(|e| panic!("{e}"));
    let problem = lower(&parsed.app, &book, &Policy::default(), &Options::default()).expect("the case lowers");
    let solution = solve(&problem, &Limits::default());
    assert_eq!(solution.status, Status::Optimal, "{:?}", problem.components);
    assert_eq!(check(&problem, &solution.assignment), []);
    let bill = score(&problem, &solution.assignment).expect("a checked assignment has a bill");
    assert_eq!(bill.lines.iter().map(|line| line.cost).sum::<Money>(), bill.total);
    assert_eq!(bill.objective, solution.objective);
    Priced { problem, bill }
}

fn usd(text: &str) -> Money {
    Money::parse(text).expect("an amount")
}

const USERS: &str = "[[audience]]\nname = \"users\"\nlat = 40.0\nlon = -75.0\n";

/// A public one-machine service at `region` that sends `gb` to its users.
fn web(name: &str, region: &str, gb: &str) -> String {
    format!(
        "[[component]]\nname = \"{name}\"\nkind = \"service\"\nimage = \"x\"\ncpu = 2\nmemory_gib = 4\n\
         run_on = [\"machines\"]\nusers_gb_month = {gb}\nconstraints.regions = {{ allow = [\"{region}\"] }}\n"
    )
}

/// What `web` costs at aws:east apart from traffic: 730 h x $0.10 + 20 GB boot disk x $0.08 + one IPv4, 730 h x $0.005.
const WEB_EAST: &str = "78.25"; // 73.00 + 1.60 + 3.65

#[test]
fn egress_below_at_and_above_a_tier_boundary() {
    // Free: 100 GB. Then 10,240 GB at $0.09, then $0.085.
    for (gb, egress) in [
        ("100", "0"),         // all of it free
        ("101", "0.09"),      // 1 x 0.09
        ("10339", "921.51"),  // 10,239 x 0.09
        ("10340", "921.60"),  // 10,240 x 0.09
        ("10341", "921.685"), // 921.60 + 1 x 0.085
        ("52340", "4491.60"), // 921.60 + 42,000 x 0.085 = 921.60 + 3,570.00
    ] {
        let case = priced(&format!("{USERS}{}", web("web", "aws:east", gb)));
        assert_eq!(case.of("web", "egress"), usd(egress), "{gb} GB");
        assert_eq!(case.total(), usd(WEB_EAST) + usd(egress), "{gb} GB");
    }
}

#[test]
fn two_components_share_one_ladder() {
    // 5,200 + 5,200 = 10,400 GB; 100 free; 10,240 x 0.09 = 921.60; 60 x 0.085 = 5.10; each component bears half.
    let case = priced(&format!("{USERS}{}{}", web("a", "aws:east", "5200"), web("b", "aws:east", "5200")));
    assert_eq!(case.of("a", "egress") + case.of("b", "egress"), usd("926.70"));
    assert_eq!(case.of("a", "egress"), usd("463.35"));
    assert_eq!(case.total(), usd("926.70") + usd(WEB_EAST) + usd(WEB_EAST));
}

#[test]
fn the_free_allowance_is_given_once_per_account() {
    // 80 + 80 = 160 GB; 100 free; 60 x 0.09 = 5.40. (Given twice, it would all be free.)
    let case = priced(&format!("{USERS}{}{}", web("a", "aws:east", "80"), web("b", "aws:west", "80")));
    assert_eq!(case.of("a", "egress") + case.of("b", "egress"), usd("5.40"));
}

#[test]
fn one_account_with_two_ladders_shares_volume_by_weight() {
    // east 100 GB at 0.09, south 300 GB at 0.15; 400 GB in the account, 100 free: three quarters of each are billed.
    // 75 x 0.09 = 6.75; 225 x 0.15 = 33.75.
    let case = priced(&format!("{USERS}{}{}", web("a", "aws:east", "100"), web("b", "aws:south", "300")));
    assert_eq!(case.of("a", "egress"), usd("6.75"));
    assert_eq!(case.of("b", "egress"), usd("33.75"));
}

#[test]
fn traffic_included_with_each_server() {
    // capped: 20,000 GB per server, then $0.001 per GB.
    for (gb, egress) in [("19999", "0"), ("20000", "0"), ("20100", "0.10")] {
        let case = priced(&format!("{USERS}{}", web("web", "capped:de", gb)));
        assert_eq!(case.of("web", "egress"), usd(egress), "{gb} GB");
    }
    // It is not pooled: a second, idle server does not help the first. 20,100 - 20,000 = 100 x 0.001 = 0.10.
    let case = priced(&format!("{USERS}{}{}", web("web", "capped:de", "20100"), web("idle", "capped:de", "1")));
    assert_eq!(case.of("web", "egress"), usd("0.10"));
}

#[test]
fn pooled_server_traffic_adds_up_over_the_account() {
    // pooled: each server brings 1,000 GB to the pool, then $0.01 per GB.
    // One server: 1,500 - 1,000 = 500 x 0.01 = 5.00. With a second, idle one: 1,501 - 2,000 < 0: free.
    let alone = priced(&format!("{USERS}{}", web("web", "pooled:us", "1500")));
    assert_eq!(alone.of("web", "egress"), usd("5.00"));
    let both = priced(&format!("{USERS}{}{}", web("web", "pooled:us", "1500"), web("idle", "pooled:us", "1")));
    assert_eq!(both.of("web", "egress") + both.of("idle", "egress"), Money::ZERO);
    // 2,100 + 1 - 2,000 = 101 x 0.01 = 1.01 for both together.
    let over = priced(&format!("{USERS}{}{}", web("web", "pooled:us", "2100"), web("idle", "pooled:us", "1")));
    let sum = over.of("web", "egress") + over.of("idle", "egress");
    assert!((sum - usd("1.01")).nanos().abs() <= 1, "{sum:?}: two lines, each rounded to the nano-dollar");
}

#[test]
fn a_monthly_cap_ends_hourly_billing() {
    // capped: $0.01 x 730 h = 7.30 a month, capped at 6.00; disk and IPv4 are separate: no disk to buy (40 GB included), 0.50.
    let all_month = priced(&format!("{USERS}{}", web("web", "capped:de", "10")));
    assert_eq!(all_month.of("web", "compute"), usd("6.00"));
    assert_eq!(all_month.of("web", "public_ipv4"), usd("0.50"));
    assert_eq!(all_month.total(), usd("6.50"));
    // A job of 100 hours stays below the cap: 100 x 0.01 = 1.00.
    let job = priced(
        "[[component]]\nname = \"job\"\nkind = \"job\"\nimage = \"x\"\ncpu = 2\nmemory_gib = 4\nhours_month = 100\n\
         constraints.providers = { allow = [\"capped\"] }\n",
    );
    assert_eq!(job.total(), usd("1.00"));
}

#[test]
fn a_database_over_two_zones_costs_twice() {
    let db = |zones: u8| {
        priced(&format!(
            "[[component]]\nname = \"db\"\nkind = \"postgres\"\ncpu = 2\nmemory_gib = 8\ndisk_gb = 100\n\
             managed = \"only\"\nzones = {zones}\nconstraints.regions = {{ allow = [\"aws:east\"] }}\n"
        ))
    };
    // Single: 730 x 0.20 + 100 x 0.115 = 146.00 + 11.50. Multi-AZ: 730 x 0.40 + 100 x 0.23 = 292.00 + 23.00.
    assert_eq!(db(1).total(), usd("157.50"));
    assert_eq!(db(2).total(), usd("315.00"));
}

/// A private worker that sends `gb` to third parties.
fn worker(name: &str, gb: &str) -> String {
    format!(
        "[[component]]\nname = \"{name}\"\nkind = \"worker\"\nimage = \"x\"\ncpu = 2\nmemory_gib = 4\n\
         outbound_gb_month = {gb}\nconstraints.regions = {{ allow = [\"aws:east\"] }}\n"
    )
}

#[test]
fn private_workers_share_one_nat_gateway() {
    // NAT: 730 x 0.045 = 32.85 once; 0.045 per GB each: 50 x 0.045 = 2.25. The first 100 GB of egress are free.
    let one = priced(&worker("a", "50"));
    assert_eq!(one.of("", "nat_gateway"), usd("32.85"));
    assert_eq!(one.of("a", "nat_data"), usd("2.25"));
    assert_eq!(one.total(), usd("109.70")); // machine 73.00 + disk 1.60 + 32.85 + 2.25
    let two = priced(&format!("{}{}", worker("a", "50"), worker("b", "70")));
    assert_eq!(two.of("", "nat_gateway"), usd("32.85"));
    // b: 70 x 0.045 = 3.15; together 120 GB of egress, 20 of them billed: 20 x 0.09 = 1.80.
    assert_eq!(two.of("b", "nat_data"), usd("3.15"));
    assert_eq!(two.of("a", "egress") + two.of("b", "egress"), usd("1.80"));
    assert_eq!(two.total(), usd("189.25")); // 2 x 74.60 + 32.85 + 2.25 + 3.15 + 1.80
}

#[test]
fn without_nat_every_private_machine_has_an_address() {
    // 74.60 + 730 x 0.005 = 3.65.
    let case = priced(&format!("[network]\nprivate_outbound = \"public_ip\"\n{}", worker("a", "50")));
    assert_eq!(case.of("a", "public_ipv4"), usd("3.65"));
    assert_eq!(case.total(), usd("78.25"));
    // Eight replicas of 2 vCPU / 4 GiB fill two large machines (8 vCPU / 16 GiB): two addresses, not eight.
    let packed = worker("a", "50").replace("cpu = 2\nmemory_gib = 4", "cpu = 2\nmemory_gib = 4\nreplicas = 8");
    let packed = priced(&format!("[network]\nprivate_outbound = \"public_ip\"\n{packed}"));
    assert_eq!(packed.of("a", "compute"), usd("525.60")); // 2 x 730 x 0.36, against 8 x 73.00
    assert_eq!(packed.of("a", "public_ipv4"), usd("7.30"));
}

#[test]
fn replicas_over_two_zones_with_load_balancer_and_traffic_between_zones_both_ways() {
    let case = priced(&format!(
        "{USERS}[[component]]\nname = \"web\"\nkind = \"service\"\nimage = \"x\"\ncpu = 2\nmemory_gib = 4\nreplicas = 2\nzones = 2\n\
         run_on = [\"machines\"]\nusers_gb_month = 60\nconstraints.regions = {{ allow = [\"aws:east\"] }}\n\
         [[component]]\nname = \"db\"\nkind = \"postgres\"\ncpu = 2\nmemory_gib = 8\nmanaged = \"only\"\n\
         constraints.regions = {{ allow = [\"aws:east\"] }}\n\
         [[link]]\nfrom = \"web\"\nto = \"db\"\nrequest_gb_month = 100\nresponse_gb_month = 300\n"
    ));
    // Machines: 2 x 73.00; disks 2 x 20 GB x 0.08 = 3.20.
    assert_eq!(case.of("web", "compute"), usd("146.00"));
    assert_eq!(case.of("web", "storage"), usd("3.20"));
    // Load balancer: 730 x 0.0225 = 16.425; 60 GB x 0.008 = 0.48; an IPv4 in each of its two zones: 2 x 3.65 = 7.30.
    assert_eq!(case.of("web", "load_balancer"), usd("16.425"));
    assert_eq!(case.of("web", "load_balancer_data"), usd("0.48"));
    assert_eq!(case.of("web", "public_ipv4"), usd("7.30"));
    // The web is in two zones, the database answers from one: half the traffic crosses, at 0.01 on each side = 0.02.
    // There: 50 x 0.02 = 1.00. Back: 150 x 0.02 = 3.00.
    assert_eq!(case.of("web", "transfer_zone"), usd("1.00"));
    assert_eq!(case.of("db", "transfer_zone"), usd("3.00"));
    // Database: 730 x 0.20 = 146.00. Users: 60 GB, free.
    assert_eq!(case.total(), usd("323.405")); // 146 + 3.20 + 16.425 + 0.48 + 7.30 + 1.00 + 3.00 + 146
}

#[test]
fn traffic_between_regions_of_one_provider_is_not_free() {
    let case = priced(&format!(
        "{USERS}{}[[component]]\nname = \"db\"\nkind = \"postgres\"\ncpu = 2\nmemory_gib = 8\nmanaged = \"only\"\n\
         constraints.regions = {{ allow = [\"aws:east\"] }}\n\
         [[link]]\nfrom = \"web\"\nto = \"db\"\nrequest_gb_month = 100\nresponse_gb_month = 300\n",
        web("web", "aws:west", "10")
    ));
    // 0.02 per GB each way: 2.00 and 6.00. West: machine 730 x 0.11 = 80.30, disk 1.60, IPv4 3.65; database 146.00.
    assert_eq!(case.of("web", "transfer_region"), usd("2.00"));
    assert_eq!(case.of("db", "transfer_region"), usd("6.00"));
    assert_eq!(case.total(), usd("239.55"));
}

#[test]
fn traffic_between_providers_is_the_senders_internet_egress() {
    let case = priced(&format!(
        "{USERS}{}[[component]]\nname = \"db\"\nkind = \"postgres\"\ncpu = 2\nmemory_gib = 8\nmanaged = \"only\"\n\
         constraints.regions = {{ allow = [\"aws:east\"] }}\n\
         [[link]]\nfrom = \"web\"\nto = \"db\"\nrequest_gb_month = 100\nresponse_gb_month = 300\n",
        web("web", "capped:de", "10")
    ));
    // web sends 110 GB, included. db sends 300 GB, 100 free: 200 x 0.09 = 18.00.
    assert_eq!(case.of("web", "egress"), Money::ZERO);
    assert_eq!(case.of("db", "egress"), usd("18.00"));
    assert_eq!(case.total(), usd("170.50")); // 6.00 + 0.50 + 146.00 + 18.00
}

#[test]
fn object_storage_by_tier_with_requests() {
    let case = priced(
        "[[component]]\nname = \"lake\"\nkind = \"object_storage\"\ndisk_gb = 60000\nrequests_million_month = 10\n\
         writes_million_month = 2\nconstraints.regions = { allow = [\"aws:east\"] }\n",
    );
    // 51,200 x 0.023 = 1,177.60; 8,800 x 0.022 = 193.60; 10 M reads x 0.40 = 4.00; 2 M writes x 5.00 = 10.00.
    assert_eq!(case.total(), usd("1385.20"));
}

#[test]
fn requests_have_steps_too() {
    let case = priced(
        "[[component]]\nname = \"lake\"\nkind = \"object_storage\"\ndisk_gb = 100\nrequests_million_month = 1500\n\
         constraints.regions = { allow = [\"aws:east\"] }\n",
    );
    // 100 x 0.023 = 2.30; 1,000 M reads x 0.40 = 400.00; 500 M x 0.30 = 150.00.
    assert_eq!(case.total(), usd("552.30"));
}

#[test]
fn a_commitment_is_paid_all_month_whatever_a_job_uses() {
    let job = |purchase: &str| {
        priced(&format!(
            "[[component]]\nname = \"j\"\nkind = \"job\"\nimage = \"x\"\ncpu = 2\nmemory_gib = 4\nhours_month = 10\n\
             purchase = {purchase}\nconstraints.regions = {{ allow = [\"aws:east\"] }}\n"
        ))
    };
    // Committed: 730 x 0.05 = 36.50; on demand: 10 x 0.10 = 1.00; the boot disk 1.60 either way.
    assert_eq!(job("[\"reserved_3y\"]").total(), usd("38.10"));
    assert_eq!(job("[\"on_demand\", \"reserved_3y\"]").total(), usd("2.60"));
}

#[test]
fn today_is_a_candidate_only_when_it_is_enough() {
    let today = |replicas: u8, count: u8| {
        priced(&format!(
            "[[component]]\nname = \"w\"\nkind = \"worker\"\nimage = \"x\"\ncpu = 2\nmemory_gib = 4\nreplicas = {replicas}\n\
             constraints.regions = {{ allow = [\"aws:east\"] }}\n\
             [[today]]\ncomponent = \"w\"\nprovider = \"aws\"\nregion = \"east\"\noffer = \"t.small\"\ncount = {count}\n"
        ))
    };
    let candidates = |case: &Priced| case.problem.components[0].choices.iter().filter(|choice| choice.today).count();
    // A burstable machine that it runs on already may stay: 730 x 0.02 + 20 GB x 0.08 = 14.60 + 1.60.
    assert_eq!((candidates(&today(1, 1)), today(1, 1).total()), (1, usd("16.20")));
    // One of them does not hold two replicas: 2 x (73.00 + 1.60).
    assert_eq!((candidates(&today(2, 1)), today(2, 1).total()), (0, usd("149.20")));
}

#[test]
fn a_packaged_database_carries_its_operator() {
    let case = priced(
        "[operations]\nusd_hour = 60\npackaged_hours_month = 3\n\
         [[component]]\nname = \"db\"\nkind = \"postgres\"\ncpu = 2\nmemory_gib = 4\ndisk_gb = 100\nmanaged = \"packaged\"\n\
         constraints.regions = { allow = [\"aws:east\"] }\n",
    );
    // Machine 73.00; disk (100 + 20) x 0.08 = 9.60; 3 h x 60 = 180.00.
    assert_eq!(case.total(), usd("262.60"));
}

#[test]
fn a_serverless_service_pays_for_vcpu_and_memory() {
    let case = priced(&format!(
        "{USERS}[[component]]\nname = \"api\"\nkind = \"service\"\nimage = \"x\"\ncpu = 0.5\nmemory_gib = 1\nreplicas = 2\n\
         run_on = [\"serverless\"]\nusers_gb_month = 10\nconstraints.regions = {{ allow = [\"aws:east\"] }}\n"
    ));
    // 2 x 730 h x 0.5 vCPU x 0.04 = 29.20; 2 x 730 x 1 GiB x 0.004 = 5.84; load balancer 16.425 + 10 x 0.008 + 2 x 3.65.
    assert_eq!(case.of("api", "serverless_vcpu"), usd("29.20"));
    assert_eq!(case.of("api", "serverless_memory"), usd("5.84"));
    assert_eq!(case.total(), usd("58.845"));
}

#[test]
fn the_right_count_of_the_right_shape() {
    // 5 replicas of 2 vCPU / 4 GiB: small (2/4, 0.10) x 5 = 0.50 an hour; large (8/16, 0.36) holds 4: x 2 = 0.72.
    // 5 x 73.00 + 5 x 1.60 = 373.00 wins. Of 1 vCPU / 2 GiB: small holds 2: 3 x 74.60 = 223.80; large holds 8, but the
    // loss of one machine must not take all replicas: 2 x (262.80 + 1.60).
    let service = |cpu: &str, memory: &str| {
        priced(&format!(
            "[[component]]\nname = \"w\"\nkind = \"worker\"\nimage = \"x\"\ncpu = {cpu}\nmemory_gib = {memory}\nreplicas = 5\n\
             constraints.regions = {{ allow = [\"aws:east\"] }}\n"
        ))
    };
    assert_eq!(service("2", "4").total(), usd("373.00"));
    assert_eq!(service("1", "2").total(), usd("223.80"));
}

#[test]
fn spot_only_where_it_is_allowed() {
    let worker = |purchase: &str| {
        priced(&format!(
            "[[component]]\nname = \"w\"\nkind = \"worker\"\nimage = \"x\"\ncpu = 2\nmemory_gib = 4\npurchase = {purchase}\n\
             constraints.regions = {{ allow = [\"aws:east\"] }}\n"
        ))
    };
    // 73.00 + 1.60 on demand; spot 730 x 0.03 = 21.90 + 1.60.
    assert_eq!(worker("[\"on_demand\"]").total(), usd("74.60"));
    assert_eq!(worker("[\"on_demand\", \"spot\"]").total(), usd("23.50"));
}
