//! A problem on its way: choices with what they cost, names and charges as they are wanted.
//!
//! A place is looked at in one of two ways that keep the same choices. The long way asks every offer, counts why it is
//! left out, and knows today's choice and placements that were decided elsewhere. The short way asks the few offers that
//! can be the best buy of anybody ([`crate::catalog::Menu`]), and is taken wherever nothing but prices decides.

use super::choices::{Excluded, Front, Recipe, Sink, Site, moved};
use super::demand::{self, Demand};
use super::geo::Geo;
use super::lowerer::Users;
use super::machines::{self, Verdicts};
use super::order::{self, Best, Order};
use super::{
    Context, LowerError, Lowerer, Options, hosts, managed, mixed, network, passes, paths, plain, serverless, storage,
};
use crate::app::{self, App};
use crate::catalog::RegionId;
use crate::policy::Policy;
use crate::problem::{Choice, ChoiceId, Component, ComponentId, Objective, Place, PlaceId, Problem};
use crate::units::Quality;
use std::cell::OnceCell;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// A problem whose choices have neither names nor charges yet.
pub struct Draft<'x> {
    /// The problem. A choice that was not written out has its cost, but no `offer` and no `charges`.
    pub problem: Problem,
    cx: Context<'x>,
    demands: Vec<Demand>,
    recipes: Vec<Vec<Recipe>>,
    geo: Arc<Geo<'x>>,
}

impl<'x> Draft<'x> {
    /// `counted`: offers that are left out are counted.
    pub(super) fn of(
        lowerer: &'x Lowerer<'_>,
        app: &'x App,
        policy: &'x Policy,
        options: &'x Options,
        counted: bool,
    ) -> Result<Self, LowerError> {
        let cx = context(lowerer, app, policy, options);
        let demands = demand::demands(app, options.scenario);
        let regions = super::eligible_regions(&cx, &demands);
        let geo: Arc<Geo<'x>> = lowerer.geo(&regions);
        let look = |demand| component_of(&cx, demand, &geo, &Look::of(&cx, demand, &geo, counted));
        let looked: Vec<_> = demands.iter().map(look).collect();
        let (mut components, mut recipes): (Vec<_>, Vec<_>) = looked.into_iter().unzip();
        let groups = hosts::settle(&cx, &demands, &geo.sites, &mut components, &mut recipes);
        if options.only.is_none() {
            super::check_today(&cx, &components)?;
        }
        let users: Result<Vec<Arc<Users>>, _> = app.audiences.iter().map(|a| lowerer.users(&a.locality)).collect();
        let users = users?;
        let problem = Problem {
            app: app.name.clone(),
            providers: geo.providers.clone(),
            components,
            flows: network::flows(&cx, &demands, &users, lowerer.classes()),
            routes: geo.routes.clone(),
            internet: geo.internet.clone(),
            ladders: geo.ladders.clone(),
            shared: geo.shared.clone(),
            groups,
            relations: super::relations_of(app, &demands),
            paths: paths::build(&cx, &demands, &geo.places, &users),
            rtt: geo.rtt.clone(),
            budget: app.budget,
            objective: match app.objective {
                app::Objective::Latency => Objective::LatencyThenCost,
                app::Objective::Cost | app::Objective::CostAndLatency => Objective::Cost,
            },
            places: geo.places.clone(),
        };
        Ok(Self { problem, cx, demands, recipes, geo })
    }

    /// Adds name and charges to a choice.
    pub fn write_out(&mut self, component: ComponentId, choice: ChoiceId) {
        let recipe = std::mem::replace(&mut self.recipes[component][choice], Recipe::Written);
        let target = &mut self.problem.components[component].choices[choice];
        let site = &self.geo.sites[target.place];
        write_out(&self.cx, &self.demands[component], site, recipe, target);
    }

    /// Adds name and charges to today's choices.
    pub fn write_out_today(&mut self) {
        for component in 0..self.problem.components.len() {
            let choices = &self.problem.components[component].choices;
            let today: Vec<ChoiceId> = (0..choices.len()).filter(|&choice| choices[choice].today).collect();
            for choice in today {
                self.write_out(component, choice);
            }
        }
    }

    /// The problem with every choice written out.
    #[must_use]
    pub fn written(mut self) -> Problem {
        for component in 0..self.recipes.len() {
            for choice in 0..self.recipes[component].len() {
                self.write_out(component, choice);
            }
        }
        self.problem
    }

    /// Why offers for a component were left out, most frequent reason first.
    #[must_use]
    pub fn excluded(&self, component: ComponentId) -> Vec<(String, u64)> {
        let demand = &self.demands[component];
        component_of(&self.cx, demand, &self.geo, &Look::of(&self.cx, demand, &self.geo, true)).0.excluded
    }
}

/// The variables of one component alone, on the places of a problem that was lowered before: what they would be under
/// changed requirements, without lowering everything else again. `app` must have the same components, links and
/// replicas as the application of that problem. The offers that are left out are not counted.
#[must_use]
pub fn variables(
    lowerer: &Lowerer,
    app: &App,
    policy: &Policy,
    options: &Options,
    places: &[Place],
    app_component: usize,
) -> Vec<Component> {
    let regions: Vec<RegionId> = places.iter().map(|place| place.region).collect();
    let geo = lowerer.geo(&regions);
    let cx = context(lowerer, app, policy, options);
    let demands = demand::demands(app, options.scenario);
    let mine = demands.iter().filter(|demand| demand.app_component == app_component);
    let written = |demand: &Demand| {
        let (mut component, recipes) = component_of(&cx, demand, &geo, &Look::of(&cx, demand, &geo, false));
        for (choice, recipe) in component.choices.iter_mut().zip(recipes) {
            write_out(&cx, demand, &geo.sites[choice.place], recipe, choice);
        }
        component
    };
    mine.map(written).collect()
}

fn context<'x>(lowerer: &'x Lowerer<'_>, app: &'x App, policy: &'x Policy, options: &'x Options) -> Context<'x> {
    let book = lowerer.book();
    let traffic = network::total_traffic(app, options.scenario);
    let admits = |id: RegionId| policy.providers.passes(&book.provider_of(id).name) && passes(book, &app.place, id);
    let open = book.region_ids().map(admits).collect();
    let mut today_regions: Vec<Option<RegionId>> = Vec::with_capacity(app.today.len());
    for (at, today) in app.today.iter().enumerate() {
        // Most applications are in few regions.
        let like = app.today[..at].iter().position(|o| (&o.provider, &o.region) == (&today.provider, &today.region));
        let region = like.map_or_else(|| book.find_region(&today.provider, &today.region), |at| today_regions[at]);
        today_regions.push(region);
    }
    Context { app, book, policy, options, traffic, open, today_regions }
}

/// The name of what a recipe makes; that of a choice that is written out stands in it.
fn name_of(cx: &Context, demand: &Demand, site: &Site, recipe: Recipe) -> String {
    use crate::catalog::Item;
    let product = |item| site.tariff(item).first().map(|tariff| tariff.product.clone()).unwrap_or_default();
    match recipe {
        Recipe::Written => String::new(),
        Recipe::Machine(offer, _) => cx.book.shape(site.compute[offer as usize].shape).name.clone(),
        Recipe::Managed(tier) => site.managed[tier as usize].name(),
        Recipe::Serverless => serverless::name(demand, site),
        Recipe::Objects => product(Item::ObjectStorage),
        Recipe::Balancer => product(Item::LoadBalancer),
    }
}

fn write_out(cx: &Context, demand: &Demand, site: &Site, recipe: Recipe, choice: &mut Choice) {
    if matches!(recipe, Recipe::Written) {
        return;
    }
    choice.charges = Sink::lines(|lines| match recipe {
        Recipe::Written => {}
        Recipe::Machine(offer, fit) => machines::write_out(cx, demand, site, (offer, fit), choice.purchase, lines),
        Recipe::Managed(tier) => managed::charges(demand, &site.managed[tier as usize], lines),
        Recipe::Serverless => serverless::write_out(cx, demand, site, lines),
        Recipe::Objects => storage::object_charges(demand, site, lines),
        Recipe::Balancer => network::balancer_charges(demand, site, demand.balanced_gb, lines),
    });
    choice.offer = name_of(cx, demand, site, recipe);
}

/// How a component's offers are looked at.
struct Look<'a> {
    /// `None`: the long way everywhere.
    order: Option<Order<'a>>,
    /// For each place whether it is looked at.
    visits: Vec<Visit>,
    /// For each place the best plain machines.
    plain: Vec<Option<Best>>,
    verdicts: OnceCell<Verdicts>,
    counted: bool,
}

/// What is done about a place.
#[derive(Clone, Copy)]
enum Visit {
    /// Something else was decided.
    Passed,
    /// Nothing may be there, for a reason.
    Refused(&'static str),
    /// What is on sale is looked at.
    Look,
    /// All is as at a place that was looked at.
    Like(PlaceId),
}

impl<'a> Look<'a> {
    fn of(cx: &Context<'a>, demand: &Demand, geo: &Geo, counted: bool) -> Self {
        // Only prices decide: nothing is asked for by name, and no price is refused for its quality.
        let short = !cx.looks_for_names() && cx.policy.worst_quality == Quality::Estimated;
        let order = short.then(|| Order::of(cx, demand));
        // Where offers are counted, each place has its own; where prices are varied or mixed, some have.
        let alike = short && !counted && cx.options.loose.is_empty() && !mixed::is_possible(cx, demand);
        let visits = visits(cx, demand, geo, alike);
        let looked = |place: PlaceId| matches!(visits[place], Visit::Look);
        let plain = order.as_ref().map(|order| plain::best(cx, demand, order, &geo.sites, looked));
        Self { order, plain: plain.unwrap_or_default(), visits, verdicts: OnceCell::new(), counted }
    }

    /// Looks at what is on sale at a place.
    fn at(&self, cx: &Context, demand: &Demand, site: &Site, front: &mut Front, excluded: &mut Excluded) {
        use app::Kind as K;
        match demand.kind {
            K::Service | K::Worker | K::Job => {
                self.machines(cx, demand, site, front, excluded);
                serverless::offer_serverless(cx, demand, site, front, excluded);
            }
            K::Postgres | K::Mysql | K::Redis | K::Kafka => {
                if self.order.is_some() && !front.is_loose() {
                    managed::order_managed(cx, demand, site, front);
                    if self.counted {
                        managed::count_excluded(cx, demand, site, excluded);
                    }
                } else {
                    managed::offer_managed(cx, demand, site, front, excluded);
                }
                self.machines(cx, demand, site, front, excluded);
            }
            K::ObjectStorage | K::StaticSite => storage::offer_objects(cx, demand, site, front, excluded),
            K::LoadBalancer => storage::offer_balancer(cx, demand, site, front, excluded),
        }
    }

    fn machines(&self, cx: &Context, demand: &Demand, site: &Site, front: &mut Front, excluded: &mut Excluded) {
        if mixed::takes_over(cx, demand) {
            return;
        }
        let Some(order) = self.order.as_ref().filter(|_| !front.is_loose()) else {
            machines::offer_machines(cx, demand, self.verdicts(cx), site, front, excluded);
            return;
        };
        if !machines::all_prices_known(cx, demand, site) {
            // Where machines cannot be reached as they have to be, there is nothing to be had but reasons.
            if self.counted || cx.today_at(demand, site).is_some() || machines::is_reachable(cx, demand, site) {
                machines::offer_machines(cx, demand, self.verdicts(cx), site, front, excluded);
            }
            return;
        }
        let best = self.plain.get(site.place).and_then(Option::as_ref);
        order::order_machines(cx, demand, (order, best), site, front, excluded);
        if self.counted {
            machines::count_excluded(cx, demand, self.verdicts(cx), site, excluded);
        }
    }

    /// Whether every offer is looked at in a few places only.
    fn is_quick(&self) -> bool {
        self.order.is_some() && !self.counted
    }

    fn verdicts(&self, cx: &Context) -> &Verdicts {
        self.verdicts.get_or_init(|| if self.is_quick() { Verdicts::Anew } else { Verdicts::kept(cx) })
    }
}

/// What is done about each place. `alike`: one of those that sell the same tells for all of them, but where the component
/// is today.
fn visits(cx: &Context, demand: &Demand, geo: &Geo, alike: bool) -> Vec<Visit> {
    let mut known: Vec<Option<PlaceId>> = vec![None; cx.book.regions.len()];
    let visit = |site: &Site| {
        if let Some(picks) = &cx.options.only {
            return if picks[demand.variable].region == site.region { Visit::Look } else { Visit::Passed };
        }
        if !cx.may_place(demand, site.region) {
            return Visit::Refused("place not allowed");
        }
        if site.zones < demand.zones && !demand.kind_is_regional() {
            return Visit::Refused("fewer zones than asked for");
        }
        if !alike || cx.today_at(demand, site).is_some() {
            return Visit::Look;
        }
        let first = &mut known[usize::from(site.seller.0)];
        first.map_or_else(
            || {
                *first = Some(site.place);
                Visit::Look
            },
            Visit::Like,
        )
    };
    geo.sites.iter().map(visit).collect()
}

/// One variable with every choice that can win.
fn component_of(cx: &Context, demand: &Demand, geo: &Geo, look: &Look) -> (Component, Vec<Recipe>) {
    let mut excluded = if look.counted { Excluded::default() } else { Excluded::muted() };
    // Mostly one or two at a place.
    let mut choices: Vec<Choice> = Vec::with_capacity(geo.sites.len() * 2);
    let mut recipes = Vec::with_capacity(geo.sites.len() * 2);
    let mut front = Front::default();
    let mixes = mixed::is_possible(cx, demand);
    let mut starts: Vec<usize> = Vec::with_capacity(geo.sites.len() + 1);
    for (site, visit) in geo.sites.iter().zip(&look.visits) {
        starts.push(choices.len());
        match *visit {
            Visit::Passed => continue,
            Visit::Refused(reason) => {
                excluded.add(reason, offers_at(site));
                continue;
            }
            Visit::Like(place) => {
                for at in starts[place]..starts[place + 1] {
                    let choice = moved(&choices[at], site.place);
                    choices.push(choice);
                    recipes.push(recipes[at]);
                }
                continue;
            }
            Visit::Look => {}
        }
        if !cx.options.loose.is_empty() {
            front.loosen(&cx.options.loose, site.region, move |recipe| name_of(cx, demand, site, recipe));
        }
        look.at(cx, demand, site, &mut front, &mut excluded);
        front.drain_into(&mut choices, &mut recipes, &|recipe| name_of(cx, demand, site, recipe));
        if mixes {
            choices.extend(mixed::offer(cx, demand, site, &mut excluded));
            settle(&mut choices, &mut recipes);
        }
    }
    let component = Component {
        name: demand.name.clone(),
        app_component: demand.app_component,
        choices,
        excluded: excluded.into_list(),
    };
    (component, recipes)
}

/// Takes in choices that were added as they are, and puts all in their order.
pub(super) fn settle(choices: &mut Vec<Choice>, recipes: &mut Vec<Recipe>) {
    if recipes.len() == choices.len() {
        return;
    }
    recipes.resize(choices.len(), Recipe::Written);
    let mut both: Vec<(Choice, Recipe)> = choices.drain(..).zip(recipes.drain(..)).collect();
    both.sort_by_key(|(choice, _)| (choice.place, choice.cost));
    (*choices, *recipes) = both.into_iter().unzip();
}

fn offers_at(site: &Site) -> u64 {
    (site.compute.len() + site.managed.len()) as u64
}
