//! Shared machines: for every group of components the machines that can carry several of them, and the choices that
//! lead and join them.
//!
//! A machine that another one at its place replaces in every solution is left out: dearer, and nowhere larger than the
//! group could use.

use super::choices::{Recipe, Sink, Site};
use super::machines::{BOOT_DISK_GB, operator, refuse, sustained_micros};
use super::network::{Exposure, balancer_charges};
use super::{Context, Demand, draft};
use crate::app::{PrivateOutbound, RelationKind};
use crate::catalog::{ComputeOffer, CpuKind, Item, Price, RegionId, Shape, Unit};
use crate::problem::{Charge, ChargeItem, Choice, Component, Form, Group, Host, Included, Machine, Member, RESOURCES};
use crate::units::{Purchase, Quantity};

/// How the replicas of a component that shares machines lie to one another: like those of any other component.
pub(super) const REPLICAS_LIE: RelationKind = RelationKind::SameRegion;

/// Builds the groups, and gives their components the choices to share.
pub(super) fn settle(
    cx: &Context,
    demands: &[Demand],
    sites: &[Site],
    components: &mut [Component],
    recipes: &mut [Vec<Recipe>],
) -> Vec<Group> {
    let mut groups = Vec::new();
    for (ordinal, name) in cx.app.sharing.iter().enumerate() {
        let members: Vec<&Demand> = demands.iter().filter(|demand| demand.shares == Some(ordinal)).collect();
        let sharing = Sharing { cx, members: &members, sites };
        let machines = if cx.pinned() { sharing.pinned() } else { sharing.machines() };
        let mut group = Group {
            name: name.clone(),
            members: members.iter().map(|demand| member(demand)).collect(),
            machines: machines.into_iter().map(|offered| offered.machine).collect(),
            zones: members.first().map_or(1, |demand| demand.zones),
        };
        sharing.offer(&group, components, recipes);
        if !cx.pinned() {
            sharing.today(&mut group, components);
        }
        for demand in &members {
            draft::settle(&mut components[demand.variable].choices, &mut recipes[demand.variable]);
        }
        groups.push(group);
    }
    groups
}

fn member(demand: &Demand) -> Member {
    Member {
        component: demand.variable,
        takes: takes(demand),
        disk: demand.disk_gb,
        outbound: demand.outbound_gb,
        public: demand.public && demand.siblings == 1,
    }
}

/// Micro-vCPUs; 2^-10 micro-GiB; thousandths of an accelerator; micro-vCPUs of typical use.
fn takes(demand: &Demand) -> [i64; RESOURCES] {
    [
        demand.cpu.micros(),
        demand.memory_gib.micros().saturating_mul(1024),
        demand.gpu.as_ref().map_or(0, |gpu| i64::from(gpu.milli)),
        demand.cpu_typical.micros(),
    ]
}

fn has(shape: &Shape) -> [i64; RESOURCES] {
    let bursts = shape.cpu_kind == CpuKind::Burstable;
    [
        i64::from(shape.vcpu_milli) * 1000,
        i64::from(shape.memory_mib) * 1_000_000,
        i64::from(shape.gpu_milli),
        if bursts { sustained_micros(shape.vcpu_milli, shape.memory_mib) } else { i64::MAX },
    ]
}

/// A machine with what it is compared by.
struct Offered {
    machine: Machine,
    /// What it has, as far as the group can use it.
    useful: [i64; RESOURCES],
}

struct Sharing<'a> {
    cx: &'a Context<'a>,
    members: &'a [&'a Demand],
    sites: &'a [Site<'a>],
}

impl Sharing<'_> {
    /// Machines at every place that at least two components can share.
    fn machines(&self) -> Vec<Offered> {
        let total = (0..RESOURCES).map(|r| self.members.iter().map(|d| takes(d)[r]).fold(0, i64::saturating_add));
        let total: Vec<i64> = total.collect();
        let mut all = Vec::new();
        for site in self.sites {
            let open: Vec<bool> = self.members.iter().map(|demand| self.is_open(demand, site)).collect();
            if open.iter().filter(|&&open| open).count() < 2 {
                continue;
            }
            let mut here: Vec<Offered> = Vec::new();
            for offer in site.compute {
                for purchase in Purchase::ALL {
                    let Some(offered) = self.offered(site, offer, purchase, &open, &total) else { continue };
                    if here.iter().any(|kept| replaces(kept, &offered)) {
                        continue;
                    }
                    here.retain(|kept| !replaces(&offered, kept));
                    here.push(offered);
                }
            }
            all.extend(here);
        }
        all
    }

    /// Whether a component may be hosted at a place.
    fn is_open(&self, demand: &Demand, site: &Site) -> bool {
        let on_machines = if demand.kind.is_data_store() { demand.packaged } else { demand.run_on.machines };
        on_machines
            && self.cx.may_place(demand, site.region)
            && site.zones >= demand.zones
            && self.cx.network_known(demand, site, Exposure::of(demand, 1)).is_ok()
    }

    fn offered(
        &self,
        site: &Site,
        offer: &ComputeOffer,
        purchase: Purchase,
        open: &[bool],
        total: &[i64],
    ) -> Option<Offered> {
        let shape = self.cx.book.shape(offer.shape);
        let price = offer.price(purchase).filter(|price| self.cx.refuse_price(price).is_none())?;
        let has = has(shape);
        let admits = |(demand, open): (&&Demand, &bool)| {
            let fits = takes(demand).iter().zip(&has).all(|(takes, has)| takes <= has);
            let store = demand.kind.is_data_store();
            // An accelerator that one component asks for may be there for the others too.
            let refused = refuse(demand, shape).is_some_and(|_| demand.gpu.is_some() || shape.gpu_milli == 0)
                || demand.gpu.is_none() && shape.gpu_milli > 0 && refuse_beside_accelerator(demand, shape);
            *open
                && fits
                && !refused
                && self.cx.purchase_wanted(demand, purchase)
                && !(store && purchase == Purchase::Spot)
        };
        let admits: Vec<bool> = self.members.iter().zip(open).map(admits).collect();
        if !self.pair_fits(&admits, &has) {
            return None;
        }
        let machine = self.machine(site, offer, purchase, price, admits)?;
        let mut useful = has;
        useful.iter_mut().zip(total).for_each(|(useful, total)| *useful = (*useful).min(*total));
        Some(Offered { machine, useful })
    }

    /// Whether two components that are admitted fit together.
    fn pair_fits(&self, admits: &[bool], has: &[i64; RESOURCES]) -> bool {
        let fit = |a: &Demand, b: &Demand| {
            let (a, b) = (takes(a), takes(b));
            (0..RESOURCES).all(|r| a[r].saturating_add(b[r]) <= has[r])
        };
        let able: Vec<&&Demand> =
            self.members.iter().zip(admits).filter(|(_, admits)| **admits).map(|(d, _)| d).collect();
        able.iter()
            .enumerate()
            .any(|(i, a)| able[i + 1..].iter().any(|b| a.app_component != b.app_component && fit(a, b)))
    }

    fn machine(
        &self,
        site: &Site,
        offer: &ComputeOffer,
        purchase: Purchase,
        price: Price,
        admits: Vec<bool>,
    ) -> Option<Machine> {
        let cx = self.cx;
        let shape = cx.book.shape(offer.shape);
        let with_gpu = || self.members.iter().map(|demand| demand.gpu.is_some()).collect::<Vec<bool>>();
        let only_with = (shape.gpu_milli > 0 && !cx.pinned()).then(with_gpu);
        if only_with.as_ref().is_some_and(|with| !with.iter().zip(&admits).any(|(with, admits)| *with && *admits)) {
            return None;
        }
        let shared = match shape.cpu_kind {
            CpuKind::Dedicated => "",
            CpuKind::Shared => ", shared vCPU",
            CpuKind::Burstable => ", burstable vCPU",
        };
        let charge = Charge {
            item: ChargeItem::Compute,
            detail: format!("1 x {} ({purchase}{shared})", shape.name),
            quantity: Quantity::MONTH_HOURS,
            price,
            cap: offer.month_cap.filter(|_| purchase == Purchase::OnDemand),
        };
        let address = |price: Price| Charge {
            item: ChargeItem::PublicIpv4,
            detail: "1 public IPv4".to_owned(),
            quantity: if price.unit == Unit::Month { Quantity::from_units(1) } else { Quantity::MONTH_HOURS },
            price,
            cap: None,
        };
        let sells_nat = site.price(Item::NatGateway).is_some() && cx.app.private_outbound == PrivateOutbound::Nat;
        // Whoever's traffic could be metered makes an allowance count.
        let metered = self.members.iter().find(|demand| demand.metered).or(self.members.first())?;
        Some(Machine {
            place: site.place,
            offer: shape.name.clone(),
            purchase,
            has: has(shape),
            admits,
            only_with,
            charge,
            boot: Quantity::from_units(BOOT_DISK_GB),
            disk_included: Quantity::from_units(shape.disk_included_gb.map_or(0, i64::from)),
            disk: site.price(Item::BlockStorage),
            address: site.price(Item::PublicIpv4).map(address),
            nat: site.price(Item::NatData).filter(|_| sells_nat),
            included: cx.included(metered, site, offer.included_gb),
        })
    }

    /// The machines that were decided elsewhere, with whoever is on them.
    fn pinned(&self) -> Vec<Offered> {
        let Some(picks) = &self.cx.options.only else { return Vec::new() };
        let mut all = Vec::new();
        for leader in self.members.iter().filter(|demand| picks[demand.variable].leader == Some(demand.variable)) {
            let pick = &picks[leader.variable];
            let on_it = |demand: &&Demand| picks[demand.variable].leader == Some(leader.variable);
            let admits = self.members.iter().map(on_it).collect();
            all.extend(self.decided((pick.region, &pick.offer, pick.purchase), admits));
        }
        all.sort_by_key(|offered| offered.machine.place);
        all
    }

    /// A machine that somebody decided for, whatever fits on it.
    fn decided(&self, (region, offer, purchase): (RegionId, &str, Purchase), admits: Vec<bool>) -> Option<Offered> {
        let site = self.sites.iter().find(|site| site.region == region)?;
        let sold = site.compute.iter().find(|o| self.cx.book.shape(o.shape).name == offer)?;
        let machine = self.machine(site, sold, purchase, sold.price(purchase)?, admits)?;
        let useful = machine.has;
        Some(Offered { machine: Machine { has: [i64::MAX; RESOURCES], ..machine }, useful })
    }

    /// Gives every member the choices to lead a machine and to join those of members before it.
    fn offer(&self, group: &Group, components: &mut [Component], recipes: &mut [Vec<Recipe>]) {
        let picks = self.cx.options.only.as_ref();
        for (m, demand) in self.members.iter().enumerate() {
            let pinned_to = picks.and_then(|picks| picks[demand.variable].leader);
            let choices = &mut components[demand.variable].choices;
            if pinned_to.is_some() {
                choices.clear();
                recipes[demand.variable].clear();
            }
            let leads = |leader: usize| {
                pinned_to.is_none_or(|pinned| pinned == leader) && (picks.is_none() || pinned_to.is_some())
            };
            let mut joined: Vec<(usize, usize)> = Vec::new();
            for (ordinal, machine) in group.machines.iter().enumerate().filter(|(_, machine)| machine.admits[m]) {
                let site = &self.sites[machine.place];
                let with = |other: &usize| {
                    machine.admits[*other] && self.members[*other].app_component != demand.app_component
                };
                let leads_somebody = (0..self.members.len()).filter(with).any(|other| picks.is_some() || other > m);
                if leads(demand.variable) && leads_somebody {
                    choices.push(self.choice(demand, site, machine, Host::Leads(ordinal)));
                }
                for leader in (0..m).filter(with).filter(|&l| leads(self.members[l].variable)) {
                    if !joined.contains(&(machine.place, leader)) {
                        joined.push((machine.place, leader));
                        let host = Host::Joins(self.members[leader].variable);
                        choices.push(self.choice(demand, site, machine, host));
                    }
                }
            }
        }
    }

    /// A hosted choice with what the component costs itself.
    fn choice(&self, demand: &Demand, site: &Site, machine: &Machine, host: Host) -> Choice {
        let store = demand.kind.is_data_store();
        let charges = Sink::lines(|lines| {
            if store {
                operator(self.cx, lines);
            }
            if let Some(gb) = demand.balancer_gb().filter(|_| demand.public && demand.siblings > 1) {
                balancer_charges(demand, site, gb, lines);
            }
        });
        let leads = matches!(host, Host::Leads(_));
        Choice {
            place: machine.place,
            offer: if leads { machine.offer.clone() } else { String::new() },
            purchase: if leads { machine.purchase } else { Purchase::OnDemand },
            count: 1,
            above: Vec::new(),
            form: if store { Form::Packaged } else { Form::Machines },
            host,
            cost: charges.iter().map(Charge::cost).sum(),
            charges,
            included: Included::None,
            needs: Vec::new(),
            active_zones: demand.active_zones(1),
            today: false,
        }
    }

    /// Today's shared machines as candidates, when they are large enough. A burstable machine that the components run
    /// on already is the team's own choice, so it may stay.
    fn today(&self, group: &mut Group, components: &mut [Component]) {
        let leaders = todays_leaders(self.cx, self.members);
        for (l, leader) in self.members.iter().enumerate().filter(|(l, _)| leaders[*l] == Some(*l)) {
            let Some(entry) = self.cx.app.today.iter().find(|t| t.component == leader.app_component) else { continue };
            let crew: Vec<bool> = leaders.iter().map(|of| *of == Some(l)).collect();
            let Some(region) = self.cx.book.find_region(&entry.provider, &entry.region) else { continue };
            let Some(offered) = self.decided((region, &entry.offer, entry.purchase), crew.clone()) else {
                continue;
            };
            let allowed =
                |(demand, on): (&&Demand, &bool)| !*on || self.is_open(demand, &self.sites[offered.machine.place]);
            let sum = |r: usize| {
                let on = self.members.iter().zip(&crew).filter(|(_, on)| **on);
                on.map(|(demand, _)| takes(demand)[r]).fold(0, i64::saturating_add)
            };
            // The last resource is what a burstable machine sustains.
            let fits = (0..RESOURCES - 1).all(|r| sum(r) <= offered.useful[r]);
            if !fits || !self.members.iter().zip(&crew).all(allowed) {
                continue;
            }
            let at = group.machines.partition_point(|machine| machine.place <= offered.machine.place);
            // Ordinals of machines behind it move up.
            for demand in self.members {
                for choice in &mut components[demand.variable].choices {
                    if let Host::Leads(machine) = &mut choice.host {
                        *machine += usize::from(*machine >= at);
                    }
                }
            }
            self.mark_today(&offered.machine, (at, l), &crew, components);
            group.machines.insert(at, Machine { has: [i64::MAX; RESOURCES], ..offered.machine });
        }
        for (demand, leader) in self.members.iter().zip(&leaders) {
            // Where it shares a machine today, a machine of its own is not what it has.
            let own = components[demand.variable].choices.iter_mut().filter(|choice| choice.host == Host::Own);
            own.filter(|_| leader.is_some()).for_each(|choice| choice.today = false);
        }
    }

    fn mark_today(&self, machine: &Machine, (at, leader): (usize, usize), crew: &[bool], components: &mut [Component]) {
        let site = &self.sites[machine.place];
        for (m, demand) in self.members.iter().enumerate().filter(|(m, _)| crew[*m]) {
            let host = if m == leader { Host::Leads(at) } else { Host::Joins(self.members[leader].variable) };
            let choices = &mut components[demand.variable].choices;
            match choices.iter_mut().find(|choice| choice.place == machine.place && choice.host == host) {
                Some(choice) => choice.today = true,
                None => choices.push(Choice { today: true, ..self.choice(demand, site, machine, host) }),
            }
        }
    }
}

/// Whether a shape will not do for a component that has no use for its accelerator.
fn refuse_beside_accelerator(demand: &Demand, shape: &Shape) -> bool {
    demand.arch.is_some_and(|arch| arch != shape.arch) || demand.dedicated && shape.cpu_kind != CpuKind::Dedicated
}

/// Whether one machine does in every solution what another at its place does, for no more.
fn replaces(better: &Offered, worse: &Offered) -> bool {
    let (a, b) = (&better.machine, &worse.machine);
    let includes = match (a.included, b.included) {
        (Included::Pooled(more), Included::Pooled(less)) => more >= less,
        (Included::Pooled(_), Included::None) => true,
        (a, b) => a == b,
    };
    includes
        && a.charge.cost() <= b.charge.cost()
        && a.disk_included >= b.disk_included
        && (0..RESOURCES).all(|r| better.useful[r] >= worse.useful[r])
        && a.admits.iter().zip(&b.admits).all(|(a, b)| *a || !*b)
        && (a.only_with.is_none() || a.only_with == b.only_with)
}

/// For each member the member that leads its machine of today (the first on it); `None`: it shares none.
fn todays_leaders(cx: &Context, members: &[&Demand]) -> Vec<Option<usize>> {
    let name = |demand: &Demand| {
        let entry = cx.app.today.iter().find(|entry| entry.component == demand.app_component)?;
        entry.machines.get(demand.replica)
    };
    let leader = |demand: &&Demand| {
        let mine = name(demand)?;
        let on: Vec<usize> = (0..members.len()).filter(|&m| name(members[m]) == Some(mine)).collect();
        (on.len() > 1).then(|| on[0])
    };
    members.iter().map(leader).collect()
}

/// For each variable of a problem the variable that leads its machine of today; `None`: it shares none.
#[must_use]
pub fn leaders_today(app: &crate::app::App, components: &[Component]) -> Vec<Option<usize>> {
    let name = |variable: usize| {
        let ordinal = components[variable].app_component;
        let replica = components[..variable].iter().filter(|c| c.app_component == ordinal).count();
        app.today.iter().find(|entry| entry.component == ordinal)?.machines.get(replica)
    };
    let leader = |variable: usize| {
        let mine = name(variable)?;
        let on: Vec<usize> = (0..components.len()).filter(|&v| name(v) == Some(mine)).collect();
        (on.len() > 1).then(|| on[0])
    };
    (0..components.len()).map(leader).collect()
}
