//! Random groups of components that may share machines, put on top of a random problem.

use super::{Features, Random, charge, price};
use placer::problem::{ChargeItem, Choice, Group, Host, Included, Machine, Member, Problem, RESOURCES};
use placer::units::{Money, Purchase, Quantity};

fn some_gb(r: &mut Random) -> Quantity {
    Quantity::from_micros(if r.chance(50) { 0 } else { r.range(1, 60_000_000) })
}

fn machine(r: &mut Random, f: Features, members: usize, place: usize, ordinal: usize) -> Machine {
    let gb = Quantity::from_micros(r.range(1, 150_000_000));
    let included = if f.allowances {
        [Included::None, Included::Own(gb), Included::Pooled(gb)][r.below(3)]
    } else {
        Included::None
    };
    let address = charge(ChargeItem::PublicIpv4, Money::from_nanos(r.range(0, 1_000_000_000)));
    Machine {
        place,
        offer: format!("m{ordinal}"),
        purchase: Purchase::OnDemand,
        has: [0; RESOURCES].map(|_| if r.chance(30) { i64::MAX } else { r.range(2, 9) }),
        admits: (0..members).map(|_| r.chance(90)).collect(),
        only_with: r.chance(10).then(|| (0..members).map(|_| r.chance(60)).collect()),
        charge: charge(ChargeItem::Compute, Money::from_nanos(r.range(0, 12_000_000_000))),
        boot: Quantity::from_units(r.range(0, 20)),
        disk_included: Quantity::from_units(r.range(0, 30)),
        disk: (!r.chance(10)).then(|| price(r.range(0, 99_000_001))),
        address: (!r.chance(10)).then_some(address),
        nat: (f.shared && r.chance(60)).then(|| price(r.range(0, 50_000_003))),
        included,
    }
}

fn hosted(template: &Choice, machine: &Machine, host: Host, zones: u8, cost: i64) -> Choice {
    let cost = Money::from_nanos(cost);
    Choice {
        place: machine.place,
        offer: machine.offer.clone(),
        host,
        charges: vec![charge(ChargeItem::Operator, cost)],
        cost,
        included: Included::None,
        needs: Vec::new(),
        active_zones: zones,
        ..template.clone()
    }
}

/// Lets the components from `first` on share machines.
pub fn share(r: &mut Random, f: Features, problem: &mut Problem, first: usize, count: usize) {
    let components: Vec<usize> = (first..problem.components.len()).take(count).collect();
    if components.len() < 2 {
        return;
    }
    let member = |component: usize, r: &mut Random| Member {
        component,
        takes: [0; RESOURCES].map(|_| r.range(0, 4)),
        disk: some_gb(r),
        outbound: some_gb(r),
        public: r.chance(40),
    };
    let members: Vec<Member> = components.iter().map(|&component| member(component, r)).collect();
    let mut machines: Vec<Machine> = (0..=r.below(if members.len() > 3 { 2 } else { 3 }))
        .map(|ordinal| {
            let place = r.below(problem.places.len().min(2));
            machine(r, f, members.len(), place, ordinal)
        })
        .collect();
    machines.sort_by_key(|machine| machine.place);
    let zones = if f.zones { u8::try_from(r.range(1, 2)).unwrap() } else { 1 };
    if f.zones {
        let zoned = |place: &placer::problem::Place| {
            let zones = u8::try_from(1 + place.country).unwrap();
            placer::problem::Place { zones, ..place.clone() }
        };
        problem.places = problem.places.iter().map(zoned).collect();
    }
    for (m, &component) in components.iter().enumerate() {
        if m > 0 && r.chance(25) {
            // Two replicas of one component.
            problem.components[component].app_component = problem.components[components[m - 1]].app_component;
        }
        let own = if r.chance(30) { r.range(0, 900_000_000) } else { 0 };
        let template = super::choice(0, 0);
        let mut more = Vec::new();
        for (ordinal, machine) in machines.iter().enumerate() {
            more.push(hosted(&template, machine, Host::Leads(ordinal), zones, own));
            let first_here = machines[..ordinal].iter().all(|other| other.place != machine.place);
            for &leader in components[..m].iter().filter(|_| first_here) {
                more.push(hosted(&template, machine, Host::Joins(leader), zones, own));
            }
        }
        let choices = &mut problem.components[component].choices;
        if r.chance(25) {
            choices.clear();
        }
        choices.extend(more);
        choices.sort_by_key(|choice| (choice.place, choice.cost));
    }
    problem.groups.push(Group { name: format!("group {first}"), members, machines, zones });
}
