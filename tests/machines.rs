//! Shared machines, mixed purchases and every kind of constraint, from app.toml to the bill: worked out by hand on the
//! round book, and held against brute force over the checker and the re-costing.

#[path = "support/round_book.rs"]
mod round_book;

use placer::app;
use placer::policy::Policy;
use placer::problem::lower::{Options, lower};
use placer::problem::{Bill, Host, LineItem, Problem, check, names, score};
use placer::report::{Decision, Outcome, Placed, recommend};
use placer::solve::{Limits, Status, solve};
use placer::units::Money;

struct Priced {
    problem: Problem,
    assignment: Vec<usize>,
    bill: Bill,
}

impl Priced {
    fn total(&self) -> Money {
        self.bill.total
    }

    /// The sum of an item over all components.
    fn of(&self, item: &str) -> Money {
        let word = |item: LineItem| match item {
            LineItem::Charge(item) | LineItem::Shared(item) => item.as_str(),
            LineItem::Egress { .. } => "egress",
            _ => "other",
        };
        self.bill.lines.iter().filter(|line| word(line.item) == item).map(|line| line.cost).sum()
    }

    /// Names of the components on each shared machine.
    fn machines(&self) -> Vec<String> {
        self.problem.hosted(&self.assignment).iter().map(|hosted| hosted.names(&self.problem).join("+")).collect()
    }

    fn place(&self, component: &str) -> String {
        let at = self.problem.components.iter().position(|c| c.name == component).expect("a component");
        let place = &self.problem.places[self.problem.components[at].choices[self.assignment[at]].place];
        format!("{}:{}", place.provider_name, place.region_code)
    }
}

fn parsed(toml: &str) -> (app::App, placer::catalog::PriceBook) {
    let book = round_book::book();
    let text = format!("version = 1\nname = \"case\"\n{toml}");
    let parsed = app::parse(text.as_bytes(), "case.toml", &names(&book)).unwrap_or_else(|e| panic!("{e}"));
    (parsed.app, book)
}

/// Solved, checked, and, where that is feasible to try, equal to the best of all assignments.
fn priced(toml: &str) -> Priced {
    let (app, book) = parsed(toml);
    let problem = lower(&app, &book, &Policy::default(), &Options::default()).expect("the case lowers");
    let solution = solve(&problem, &Limits::default());
    assert_eq!(solution.status, Status::Optimal, "{:?}", problem.components);
    assert_eq!(check(&problem, &solution.assignment), []);
    let bill = score(&problem, &solution.assignment).expect("a checked assignment has a bill");
    assert_eq!(bill.lines.iter().map(|line| line.cost).sum::<Money>(), bill.total);
    assert_eq!(bill.objective, solution.objective);
    if let Some(best) = brute_force(&problem) {
        assert_eq!(best, solution.objective, "brute force finds better");
    }
    Priced { problem, assignment: solution.assignment, bill }
}

fn infeasible(toml: &str) {
    let (app, book) = parsed(toml);
    let problem = lower(&app, &book, &Policy::default(), &Options::default()).expect("the case lowers");
    assert_eq!(solve(&problem, &Limits::default()).status, Status::Infeasible);
}

/// The best of all assignments, when there are not too many.
fn brute_force(problem: &Problem) -> Option<i128> {
    let all = problem.components.iter().try_fold(1_usize, |all, c| all.checked_mul(c.choices.len()))?;
    if all > 60_000 {
        return None;
    }
    let mut best = None;
    let mut picked = vec![0; problem.components.len()];
    for mut at in 0..all {
        for (pick, component) in picked.iter_mut().zip(&problem.components) {
            *pick = at % component.choices.len();
            at /= component.choices.len();
        }
        if check(problem, &picked).is_empty() {
            let objective = score(problem, &picked)?.objective;
            best = Some(best.map_or(objective, |known: i128| known.min(objective)));
        }
    }
    best
}

fn usd(text: &str) -> Money {
    Money::parse(text).expect("an amount")
}

fn recommended(toml: &str) -> Placed {
    let (app, book) = parsed(toml);
    let found = recommend(&app, &book, &Policy::default(), &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
    match found.outcome {
        Outcome::Placed(placed) => *placed,
        Outcome::Infeasible(conflict) => panic!("{conflict:?}"),
    }
}

const USERS: &str = "[[audience]]\nname = \"users\"\nlat = 40.0\nlon = -75.0\n";

/// A component that may share machines with the others at `region`.
fn small(name: &str, kind: &str, region: &str, more: &str) -> String {
    format!(
        "[[component]]\nname = \"{name}\"\nkind = \"{kind}\"\nimage = \"x\"\ncpu = 1\nmemory_gib = 2\n\
         run_on = [\"machines\"]\nshare_machine = \"g\"\nconstraints.regions = {{ allow = [\"{region}\"] }}\n{more}\n"
    )
}

#[test]
fn two_services_share_a_machine_a_disk_and_an_address() {
    // Apart: 2 x (730 x 0.10 + 20 GB x 0.08 + 730 x 0.005) = 2 x 78.25 = 156.50.
    // Together on one small (2 vCPU, 4 GiB): 73.00 + (20 + 10 + 5) GB x 0.08 = 2.80 + 3.65 = 79.45.
    let case = priced(&format!(
        "{USERS}{}{}",
        small("a", "service", "aws:east", "users_gb_month = 10\ndisk_gb = 10"),
        small("b", "service", "aws:east", "users_gb_month = 10\ndisk_gb = 5")
    ));
    assert_eq!(case.machines(), ["a+b"]);
    assert_eq!((case.of("compute"), case.of("storage"), case.of("public_ipv4")), (usd("73"), usd("2.80"), usd("3.65")));
    assert_eq!(case.total(), usd("79.45"));
}

#[test]
fn three_do_not_fit_on_the_small_machine() {
    // 3 vCPU: one small for two and one alone: 2 x 73.00 + 2 x 1.60 = 149.20; large for all: 730 x 0.36 = 262.80.
    let workers = |n: usize| (0..n).map(|i| small(&format!("w{i}"), "worker", "aws:east", "")).collect::<String>();
    let case = priced(&workers(3));
    assert_eq!(case.total(), usd("149.20"));
    assert_eq!(case.machines().len(), 1);
    // Eight fill four small machines, 4 x 74.60 = 298.40; one large holds all eight for 262.80 + 1.60.
    let case = priced(&workers(8));
    assert_eq!(case.total(), usd("264.40"));
    assert_eq!(case.machines(), ["w0+w1+w2+w3+w4+w5+w6+w7"]);
}

#[test]
fn a_private_worker_goes_out_by_its_mates_address() {
    // Alone it would need NAT (32.85 + 50 x 0.045 = 2.25). On a's machine: 73.00 + 1.60 + 3.65; 60 GB of egress free.
    let case = priced(&format!(
        "{USERS}{}{}",
        small("a", "service", "aws:east", "users_gb_month = 10"),
        small("b", "worker", "aws:east", "outbound_gb_month = 50")
    ));
    assert_eq!((case.of("nat_gateway"), case.of("nat_data")), (Money::ZERO, Money::ZERO));
    assert_eq!(case.total(), usd("78.25"));
    // Two private workers go out by one NAT gateway: 73.00 + 1.60 + 32.85 + 120 x 0.045 = 5.40 + 20 GB x 0.09 = 1.80.
    let case = priced(&format!(
        "{}{}",
        small("b", "worker", "aws:east", "outbound_gb_month = 50"),
        small("c", "worker", "aws:east", "outbound_gb_month = 70")
    ));
    assert_eq!((case.of("nat_gateway"), case.of("nat_data")), (usd("32.85"), usd("5.40")));
    assert_eq!(case.total(), usd("114.65"));
}

#[test]
fn traffic_that_comes_with_a_server_is_for_all_on_it() {
    // capped: 6.00 a server with 20,000 GB, IPv4 0.50, then 0.001 a GB.
    let case = |gb: u32| {
        let web = |name: &str| small(name, "service", "capped:de", &format!("users_gb_month = {gb}"));
        priced(&format!("{USERS}{}{}", web("a"), web("b")))
    };
    // 24,000 GB on one server: 6.50 + 4,000 x 0.001 = 10.50, against two servers at 13.00.
    assert_eq!((case(12_000).total(), case(12_000).machines().len()), (usd("10.50"), 1));
    // 30,000 GB on one: 6.50 + 10.00 = 16.50. On two all of it is included: 13.00.
    assert_eq!((case(15_000).total(), case(15_000).machines().len()), (usd("13.00"), 0));
}

#[test]
fn replicas_of_one_component_are_on_different_machines() {
    // a and b twice each: two small machines with one of each, 2 x (73.00 + 1.60); alone it would be four.
    let twice = |name: &str, more: &str| small(name, "worker", "aws:east", &format!("replicas = 2\n{more}"));
    let case = priced(&format!("{}{}", twice("a", ""), twice("b", "")));
    assert_eq!(case.total(), usd("149.20"));
    assert!(case.machines().iter().all(|names| names.contains('a') && names.contains('b')), "{:?}", case.machines());
    // Over two zones: the same machines, and a public one has one load balancer: 16.425 + 10 x 0.008 + 2 x 3.65.
    let case = priced(&format!(
        "{USERS}{}{}",
        small("a", "service", "aws:east", "replicas = 2\nzones = 2\nusers_gb_month = 10"),
        twice("b", "zones = 2")
    ));
    assert_eq!((case.of("load_balancer"), case.of("load_balancer_data")), (usd("16.425"), usd("0.08")));
    assert_eq!(case.total(), usd("173.005"));
    // Two zones are not to be had where there is one.
    infeasible(&format!("{}{}", twice("a", "zones = 2"), twice("b", "zones = 2")).replace("aws:east", "capped:de"));
}

#[test]
fn a_store_on_a_shared_machine_keeps_its_operator() {
    // 73.00 + (20 + 30) x 0.08 = 4.00, and 4 hours at 75: 300.00.
    let store = "[[component]]\nname = \"db\"\nkind = \"postgres\"\ncpu = 1\nmemory_gib = 2\ndisk_gb = 30\n\
                 managed = \"packaged\"\nshare_machine = \"g\"\nconstraints.regions = { allow = [\"aws:east\"] }\n";
    let case = priced(&format!("{}{store}", small("a", "worker", "aws:east", "")));
    assert_eq!((case.of("operator_hours"), case.total()), (usd("300"), usd("377.00")));
    assert_eq!(case.machines(), ["a+db"]);
}

#[test]
fn a_purchase_option_must_suit_all_on_the_machine() {
    let worker = |name: &str, purchase: &str| small(name, "worker", "aws:east", &format!("purchase = {purchase}"));
    // Spot is allowed for both: 730 x 0.03 = 21.90 + 1.60.
    let both = priced(&format!("{}{}", worker("a", "[\"spot\"]"), worker("b", "[\"spot\", \"on_demand\"]")));
    assert_eq!(both.total(), usd("23.50"));
    // a only on spot, b never: nothing to share, 23.50 + 74.60.
    let apart = priced(&format!("{}{}", worker("a", "[\"spot\"]"), worker("b", "[\"on_demand\"]")));
    assert_eq!((apart.total(), apart.machines().len()), (usd("98.10"), 0));
    // Shared processors do not suit who asks for dedicated ones.
    let mixed = priced(&format!(
        "{}{}",
        small("a", "worker", "capped:de", ""),
        small("b", "worker", "aws:east", "dedicated = true").replace("[\"aws:east\"]", "[\"aws:east\", \"capped:de\"]")
    ));
    assert_eq!((mixed.total(), mixed.machines().len()), (usd("80.60"), 0)); // 6.00 + 74.60
}

#[test]
fn burstable_machines_are_shared_up_to_what_they_sustain() {
    // t.small sustains 20% of 2 vCPU = 0.4. Two idle services of 0.2 each: 730 x 0.02 + 1.60 = 16.20.
    let idle = |name: &str, typical: &str| {
        let text = small(name, "worker", "aws:east", "");
        text.replace("cpu = 1", &format!("cpu = {{ typical = {typical}, max = 1 }}"))
    };
    assert_eq!(priced(&format!("{}{}", idle("a", "0.2"), idle("b", "0.2"))).total(), usd("16.20"));
    // 0.5 together is too much for one, not for two: 2 x 16.20 is still less than a small one.
    assert_eq!(priced(&format!("{}{}", idle("a", "0.2"), idle("b", "0.3"))).total(), usd("32.40"));
}

#[test]
fn todays_shared_machine_is_a_candidate_and_is_priced_as_it_is() {
    let today = |name: &str, machine: &str, offer: &str| {
        format!(
            "[[today]]\ncomponent = \"{name}\"\nprovider = \"aws\"\nregion = \"east\"\noffer = \"{offer}\"\n\
             machines = [\"{machine}\"]\n"
        )
    };
    let app = format!("{}{}", small("a", "worker", "aws:east", ""), small("b", "worker", "aws:east", ""));
    // On one small machine: nothing is better.
    let stay = recommended(&format!("{app}{}{}", today("a", "vm", "small"), today("b", "vm", "small")));
    assert_eq!((stay.decision, stay.bill.total), (Decision::Stay, usd("74.60")));
    // On one burstable machine, which is the team's own choice: 14.60 + 1.60.
    let stay = recommended(&format!("{app}{}{}", today("a", "vm", "t.small"), today("b", "vm", "t.small")));
    assert_eq!((stay.decision, stay.bill.total), (Decision::Stay, usd("16.20")));
    // On two machines: sharing one saves half.
    let moved = recommended(&format!("{app}{}{}", today("a", "one", "small"), today("b", "two", "small")));
    assert_eq!((moved.decision, moved.bill.total), (Decision::Move, usd("74.60")));
    assert_eq!(moved.baselines[0].total, Some(usd("149.20")));
    // Where the rules refuse today's place, it is priced all the same.
    let elsewhere = app.replace("aws:east", "capped:de");
    let moved = recommended(&format!("{elsewhere}{}{}", today("a", "vm", "small"), today("b", "vm", "small")));
    assert_eq!((moved.decision, moved.baselines[0].total), (Decision::Move, Some(usd("74.60"))));
    assert!(!moved.baselines[0].breaks.is_empty());
}

#[test]
fn other_months_price_the_same_machines() {
    // 79.45 as above; the busiest month sends 3,000 GB: 2,900 x 0.09 = 261.00 more, on the same machine.
    let placed = recommended(&format!(
        "{USERS}{}{}",
        small("a", "service", "aws:east", "users_gb_month = { min = 1, typical = 10, max = 3000 }\ndisk_gb = 10"),
        small("b", "worker", "aws:east", "disk_gb = 5")
    ));
    assert_eq!((placed.low, placed.bill.total, placed.high), (Some(usd("79.45")), usd("79.45"), Some(usd("340.45"))));
}

fn mixed(purchase: &str, mixed: &str, replicas: &str) -> String {
    format!(
        "[[component]]\nname = \"w\"\nkind = \"worker\"\nimage = \"x\"\ncpu = 2\nmemory_gib = 4\nreplicas = {replicas}\n\
         purchase = {purchase}\nmixed = {mixed}\nconstraints.regions = {{ allow = [\"aws:east\"] }}\n"
    )
}

#[test]
fn a_base_on_demand_and_spot_above_it() {
    // Base: 2 x 730 x 0.10 = 146.00. Above: 2 x 730 x 0.03 = 43.80. Each of the two is interrupted 3 times a month for a
    // quarter of an hour: 2 x 3 x 0.25 = 1.5 h x 0.10 = 0.15. Disks: 4 x 1.60 = 6.40.
    let case = priced(&mixed("[\"on_demand\", \"spot\"]", "{ base = 2 }", "4"));
    assert_eq!((case.of("compute"), case.of("spot_stand_in")), (usd("189.80"), usd("0.15")));
    assert_eq!(case.total(), usd("196.35"));
    let choice = case.problem.picked(&case.assignment)[0];
    assert_eq!((choice.count, choice.above[0].count), (4, 2));
    // Ten interruptions of an hour and a half: 2 x 10 x 1.5 x 0.10 = 3.00.
    let stated = "{ base = 2, interruptions_month = 10, stand_in_minutes = 90 }";
    assert_eq!(priced(&mixed("[\"on_demand\", \"spot\"]", stated, "4")).of("spot_stand_in"), usd("3.00"));
    // Half of those above on demand: 3 x 73.00 + 21.90 + 1 x 3 x 0.25 x 0.10 = 0.075 + 6.40.
    let half = "{ base = 2, on_demand_above_base = 50 }";
    assert_eq!(priced(&mixed("[\"on_demand\", \"spot\"]", half, "4")).total(), usd("247.375"));
    // Interrupted all the time, spot is dearer than what it replaces: 2 x 730 x 1 h x 0.10 alone is 146.00.
    let never = "{ base = 2, interruptions_month = 730, stand_in_minutes = 60 }";
    let case = priced(&mixed("[\"on_demand\", \"spot\"]", never, "4"));
    assert_eq!((case.of("spot_stand_in"), case.total()), (Money::ZERO, usd("298.40"))); // 4 x 74.60
}

#[test]
fn a_committed_base_over_the_months() {
    // Base: 2 x 730 x 0.07 = 102.20. Typical: + 2 spot 43.80 + 0.15 + 4 disks 6.40.
    // Quiet (2 replicas): 102.20 + 3.20. Busiest (10): 102.20 + 8 x 21.90 + 8 x 0.75 x 0.10 + 16.00.
    let text = mixed("[\"on_demand\", \"spot\", \"reserved_1y\"]", "{}", "{ min = 2, typical = 4, max = 10 }");
    let placed = recommended(&text);
    assert_eq!(placed.bill.total, usd("152.55"));
    assert_eq!((placed.low, placed.high), (Some(usd("105.40")), Some(usd("294.00"))));
    // Without spot, what is above the base is bought on demand: 102.20 + 146.00 + 6.40.
    let text = mixed("[\"on_demand\", \"reserved_1y\"]", "{ base = 2 }", "4");
    assert_eq!(priced(&text).total(), usd("254.60"));
}

#[test]
fn a_mixed_purchase_of_today_is_a_candidate() {
    let today = "[[today]]\ncomponent = \"w\"\nprovider = \"aws\"\nregion = \"east\"\noffer = \"small\"\ncount = 4\n\
                 spot_count = 2\n";
    let text = format!("{}{today}", mixed("[\"on_demand\", \"spot\"]", "{ base = 2 }", "4"));
    let stay = recommended(&text);
    assert_eq!((stay.decision, stay.bill.total), (Decision::Stay, usd("196.35")));
    let text = format!("{}{today}", mixed("[\"on_demand\", \"spot\", \"reserved_3y\"]", "{ base = 2 }", "4"));
    let moved = recommended(&text);
    // Base for 2 x 730 x 0.05 = 73.00 instead of 146.00.
    assert_eq!((moved.decision, moved.bill.total), (Decision::Move, usd("123.35")));
    assert_eq!(moved.baselines[0].total, Some(usd("196.35")));
}

/// A worker that may be anywhere.
fn anywhere(name: &str, more: &str) -> String {
    format!("[[component]]\nname = \"{name}\"\nkind = \"worker\"\nimage = \"x\"\ncpu = 2\nmemory_gib = 4\n{more}\n")
}

const LINK: &str = "[[link]]\nfrom = \"a\"\nto = \"b\"\nrequest_gb_month = 1\nround_trips = 3\n";

#[test]
fn a_bound_on_a_link_keeps_two_components_near() {
    let app = |bound: &str| {
        let b = anywhere("b", "constraints.regions = { allow = [\"aws:east\"] }");
        format!("{}{b}{LINK}{bound}\n", anywhere("a", ""))
    };
    // Free to choose, a is at capped:de, an ocean away; within 15 ms it is in New York; within 3 ms beside b.
    assert_eq!(priced(&app("")).place("a"), "capped:de");
    assert_eq!(priced(&app("p95_ms = 15")).place("a"), "pooled:us");
    assert_eq!(priced(&app("p50_ms = 3")).place("a"), "aws:east");
    // It takes no part in an objective: with latency first, only the path counts.
    let path =
        "[[path]]\nname = \"p\"\nthrough = [\"a\"]\naudience = \"internal\"\n[objective]\nminimize = \"latency\"\n";
    assert_eq!(priced(&format!("{}{path}", app("p95_ms = 15"))).place("a"), "pooled:us");
}

#[test]
fn a_conflict_names_the_bound_of_a_link() {
    let (app, book) = parsed(&format!(
        "{}{}{LINK}p95_ms = 10\n",
        anywhere("a", "constraints.regions = { allow = [\"capped:de\"] }"),
        anywhere("b", "constraints.regions = { allow = [\"aws:east\"] }")
    ));
    let found = recommend(&app, &book, &Policy::default(), &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
    let Outcome::Infeasible(conflict) = found.outcome else { panic!("nothing is that near") };
    let texts: Vec<&str> = conflict.items.iter().map(|item| item.text.as_str()).collect();
    assert!(texts.contains(&"a round trip from `a` to `b` within 10 ms p95"), "{texts:?}");
    assert!(conflict.irreducible && texts.len() == 3, "{texts:?}");
}

#[test]
fn a_path_over_several_hops_is_bounded_as_a_whole() {
    let app = |bound: &str| {
        let c = anywhere("c", "constraints.regions = { allow = [\"aws:east\"] }");
        format!(
            "{}{}{c}{LINK}[[link]]\nfrom = \"b\"\nto = \"c\"\nrequest_gb_month = 1\n\
             [[path]]\nname = \"p\"\nthrough = [\"a\", \"b\", \"c\"]\naudience = \"internal\"\n{bound}\n",
            anywhere("a", ""),
            anywhere("b", "")
        )
    };
    let free = priced(&app(""));
    assert_eq!((free.place("a"), free.place("b")), ("capped:de".into(), "capped:de".into()));
    // Either hop alone would fit over the 330 km to New York; three round trips and one do not fit from elsewhere.
    let tight = priced(&app("p95_ms = 20"));
    assert_eq!((tight.place("a"), tight.place("b")), ("pooled:us".into(), "pooled:us".into()));
    assert!(tight.bill.path_latency_us[0] <= 20_000);
}

#[test]
fn audiences_count_each_or_by_their_share() {
    let users = "[[audience]]\nname = \"de\"\ncity = \"Berlin\"\nshare = 90\n\
                 [[audience]]\nname = \"us\"\ncity = \"New York\"\nshare = 10\n";
    let web = "[[component]]\nname = \"a\"\nkind = \"service\"\nimage = \"x\"\ncpu = 2\nmemory_gib = 4\n\
               run_on = [\"machines\"]\nusers_gb_month = 1\n";
    let app = |audience: &str, ms: u32| {
        format!("{users}{web}[[path]]\nname = \"p\"\nthrough = [\"a\"]\naudience = \"{audience}\"\np50_ms = {ms}\n")
    };
    assert_eq!(priced(&app("weighted", 40)).place("a"), "capped:de");
    assert_eq!(priced(&app("us", 40)).place("a"), "pooled:us");
    infeasible(&app("each", 40));
}

#[test]
fn together_apart_and_spread() {
    let rule = |kind: &str| format!("[[rule]]\nkind = \"{kind}\"\ncomponents = [\"a\", \"b\"]\n");
    let b = anywhere("b", "constraints.providers = { allow = [\"aws\", \"pooled\"] }");
    let app = |kind: &str| priced(&format!("{}{b}{}", anywhere("a", ""), rule(kind)));
    // a alone is cheapest at capped:de, b at pooled:us.
    for (kind, a, b) in [
        ("same_region", "pooled:us", "pooled:us"),
        ("same_provider", "pooled:us", "pooled:us"),
        ("same_country", "pooled:us", "pooled:us"),
        ("different_region", "capped:de", "pooled:us"),
        ("different_provider", "capped:de", "pooled:us"),
        ("different_country", "capped:de", "pooled:us"),
    ] {
        let case = app(kind);
        assert_eq!((case.place("a").as_str(), case.place("b").as_str()), (a, b), "{kind}");
    }
    for (spread, most) in [("providers", 3), ("regions", 5)] {
        let app = |replicas: u8| anywhere("a", &format!("replicas = {replicas}\nspread = \"{spread}\""));
        let case = priced(&app(most));
        let places: Vec<String> = (1..=most).map(|i| case.place(&format!("a#{i}"))).collect();
        let key =
            |place: &String| if spread == "regions" { place.clone() } else { place.split(':').next().unwrap().into() };
        let distinct: std::collections::BTreeSet<String> = places.iter().map(key).collect();
        assert_eq!(distinct.len(), usize::from(most), "{places:?}");
        infeasible(&app(most + 1));
    }
    // Zones: only aws has more than one.
    assert!(priced(&anywhere("a", "replicas = 2\nzones = 2")).place("a").starts_with("aws:"));
}

#[test]
fn a_budget_is_kept_or_refused() {
    let budget = |usd: &str| format!("[budget]\nusd_month = {usd}\n{}", anywhere("a", ""));
    assert_eq!(priced(&budget("6")).total(), usd("6.00"));
    infeasible(&budget("5.99"));
}

#[test]
fn shared_machines_under_every_other_constraint() {
    // Three workers: the rule keeps c away from a; the link keeps b beside c; the budget allows it.
    let worker =
        |name: &str| small(name, "worker", "aws:east", "").replace("[\"aws:east\"]", "[\"aws:east\", \"aws:west\"]");
    let case = priced(&format!(
        "[budget]\nusd_month = 160\n{}{}{}[[rule]]\nkind = \"different_region\"\ncomponents = [\"a\", \"c\"]\n\
         [[link]]\nfrom = \"b\"\nto = \"c\"\nrequest_gb_month = 5\np95_ms = 3\n",
        worker("a"),
        worker("b"),
        worker("c")
    ));
    // b and c at east on one machine, 74.60; a at west: 730 x 0.11 + 1.60 = 81.90.
    assert_eq!((case.machines(), case.total()), (vec!["b+c".to_owned()], usd("156.50")));
    assert!(case.problem.picked(&case.assignment).iter().filter(|choice| choice.host == Host::Own).count() == 1);
}
