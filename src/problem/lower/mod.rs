//! Lowering: application + price book + policy to a problem, with a recorded reason for every offer left out.
//!
//! One file per kind of offer (`machines`, `serverless`, `managed`, `storage`), one for traffic (`network`), one for
//! latency (`paths`). [`Demand`] is what a component asks of any of them; `choices` keeps the few that can win.

mod choices;
mod demand;
mod draft;
mod geo;
mod hosts;
mod lowerer;
mod machines;
mod managed;
mod mixed;
mod network;
mod order;
mod paths;
mod plain;
mod serverless;
mod storage;

pub use draft::{Draft, variables};
pub use hosts::leaders_today;
pub use lowerer::Lowerer;
pub use machines::BOOT_DISK_GB;

use super::{ChargeItem, Component, Problem, Relation};
use crate::app::{self, App, RelationKind, Scenario, Today};
use crate::catalog::{Item, Price, PriceBook, RegionId};
use crate::policy::Policy;
use crate::units::{Purchase, Quantity};
use choices::Site;
use demand::Demand;
use thiserror::Error;

/// A choice that was made before: used to price a known placement, today's or in another scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Where.
    pub region: RegionId,
    /// Offer name.
    pub offer: String,
    /// Purchase option; of a mixed purchase that of the base.
    pub purchase: Purchase,
    /// Of a mixed purchase: the machines of the base.
    pub base: Option<u32>,
    /// Of a mixed purchase: how the machines above the base are bought, apart from those that stay on demand.
    pub top: Option<Purchase>,
    /// The variable that leads the shared machine which it is on, be it itself or another.
    pub leader: Option<usize>,
}

impl Pick {
    /// An offer bought one way, shared with nobody.
    #[must_use]
    pub fn plain(region: RegionId, offer: String, purchase: Purchase) -> Self {
        Self { region, offer, purchase, base: None, top: None, leader: None }
    }
}

/// How to lower.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which month.
    pub scenario: Scenario,
    /// One pick per variable of the problem: nothing else is offered, and neither place rules nor fitting rules are
    /// asked, since this prices what was decided elsewhere. Bounds and rules over pairs stay in the problem.
    pub only: Option<Vec<Pick>>,
    /// Prices that the caller is about to vary. See [`Loose`].
    pub loose: Vec<Loose>,
    /// Only these regions are looked at; `None`: all.
    pub regions: Option<Vec<RegionId>>,
    /// Only the offer of this name is looked at, under all rules; `None`: all offers.
    pub focus: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { scenario: Scenario::Typical, only: None, loose: Vec::new(), regions: None, focus: None }
    }
}

/// A price that is about to be varied in the lowered problem. Which offers dominate which depends on prices, so what
/// has a loose price is compared only with what moves by the same amount when that price moves: the problem then stays
/// complete whatever that price becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loose {
    /// The price of an offer in a region (`None`: in all), each purchase option for itself.
    Offer {
        /// Where.
        region: Option<RegionId>,
        /// Name of the offer.
        offer: String,
    },
    /// The price of what a charge is for, in a region (`None`: in all).
    Item {
        /// Where.
        region: Option<RegionId>,
        /// For what.
        item: ChargeItem,
    },
}

/// Why an application could not be lowered at all. (A component without a single choice is not an error here: the
/// problem is then infeasible, and its `excluded` says why.)
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LowerError {
    /// The application was checked against another price book.
    #[error("{what} `{name}` is not in the price book of {as_of}")]
    Unknown {
        /// City, provider or region.
        what: &'static str,
        /// Its name.
        name: String,
        /// Date of the book.
        as_of: String,
    },
    /// Today's offer of a component does not exist, or not in that form.
    #[error("today's offer of component `{component}`, {offer} at {place}, cannot be priced: {reason}")]
    Today {
        /// Component.
        component: String,
        /// Offer.
        offer: String,
        /// `provider:region`.
        place: String,
        /// Why, and what to do.
        reason: String,
    },
}

/// Everything that lowering reads.
struct Context<'a> {
    app: &'a App,
    book: &'a PriceBook,
    policy: &'a Policy,
    options: &'a Options,
    /// All GB that could run through a meter: more included traffic than this is worth nothing.
    traffic: Quantity,
    /// Whether policy and application let anything be placed in a region, by region.
    open: Vec<bool>,
    /// Where each entry of [`App::today`] is; `None`: nowhere in the book.
    today_regions: Vec<Option<RegionId>>,
}

/// Lowers an application. For many of them, or more than once, use a [`Lowerer`].
///
/// # Errors
/// [`LowerError`] when names of the application are unknown to the book.
pub fn lower(app: &App, book: &PriceBook, policy: &Policy, options: &Options) -> Result<Problem, LowerError> {
    Lowerer::new(book).lower(app, policy, options)
}

/// Regions where at least one component may be placed.
fn eligible_regions(cx: &Context, demands: &[Demand]) -> Vec<RegionId> {
    if let Some(picks) = &cx.options.only {
        let mut regions: Vec<_> = picks.iter().map(|pick| pick.region).collect();
        regions.sort_unstable();
        regions.dedup();
        return regions;
    }
    let asked = |id: &RegionId| cx.options.regions.as_ref().is_none_or(|regions| regions.contains(id));
    let open =
        |id: &RegionId| asked(id) && cx.book.sells(*id) && demands.iter().any(|demand| cx.may_place(demand, *id));
    cx.book.region_ids().filter(open).collect()
}

/// Whether rules about places let anything be at a region.
fn passes(book: &PriceBook, rules: &app::Where, id: RegionId) -> bool {
    let region = book.region(id);
    rules.providers.passes(&book.provider_of(id).name)
        && rules.regions.passes(book.region_key(id))
        && rules.countries.passes(&region.country)
        && rules.continents.passes(&region.continent)
}

impl Context<'_> {
    /// Whether the placement was decided elsewhere and is only priced here.
    fn pinned(&self) -> bool {
        self.options.only.is_some()
    }

    /// Whether the rules about places let a component be at a region.
    fn may_place(&self, demand: &Demand, id: RegionId) -> bool {
        self.open[usize::from(id.0)] && (demand.place_is_free || passes(self.book, &demand.place, id))
    }

    /// Whether offers are asked for by name.
    fn looks_for_names(&self) -> bool {
        self.options.only.is_some() || self.options.focus.is_some()
    }

    /// Whether an offer is looked at: all of them, or the one that was decided.
    fn wanted(&self, demand: &Demand, site: &Site, offer: &str) -> bool {
        let Some(picks) = &self.options.only else {
            return self.options.focus.as_ref().is_none_or(|focus| focus == offer);
        };
        let pick = &picks[demand.variable];
        pick.region == site.region && pick.offer == offer
    }

    /// Whether a purchase option may be used for a component.
    fn purchase_wanted(&self, demand: &Demand, purchase: Purchase) -> bool {
        match &self.options.only {
            Some(picks) => picks[demand.variable].purchase == purchase,
            None => demand.purchase.contains(&purchase) && self.policy.purchase.contains(&purchase),
        }
    }

    /// Today's entry of a component when it names this offer at this place.
    fn is_today(&self, demand: &Demand, site: &Site, offer: &str) -> Option<&Today> {
        self.today_at(demand, site).filter(|today| today.offer == offer)
    }

    /// Today's entry of a component when it is at this place.
    fn today_at(&self, demand: &Demand, site: &Site) -> Option<&Today> {
        let entry = demand.today?;
        (self.today_regions[entry] == Some(site.region)).then(|| &self.app.today[entry])
    }

    /// Why a price may not be acted on.
    fn refuse_price(&self, price: &Price) -> Option<&'static str> {
        (price.quality > self.policy.worst_quality && !self.pinned())
            .then_some("the policy refuses prices of this quality")
    }
}

/// Today's offers must exist, else "stay" would silently not be a candidate.
fn check_today(cx: &Context, components: &[Component]) -> Result<(), LowerError> {
    for (today, region) in cx.app.today.iter().zip(&cx.today_regions) {
        let name = &cx.app.components[today.component].name;
        let Some(region) = *region else {
            let name = format!("{}:{}", today.provider, today.region);
            return Err(LowerError::Unknown { what: "region", name, as_of: cx.book.as_of.clone() });
        };
        let machine = || cx.book.compute_at(region).iter().any(|o| cx.book.shape(o.shape).name == today.offer);
        if (today.purchase != Purchase::OnDemand || today.count.is_some_and(|count| count != 1)) && !machine() {
            return Err(LowerError::Today {
                component: name.clone(),
                offer: today.offer.clone(),
                place: format!("{}:{}", today.provider, today.region),
                reason: "this offer is sold on demand and as one whole; leave out `purchase` and `count`".to_owned(),
            });
        }
        let candidate =
            components.iter().any(|c| c.app_component == today.component && c.choices.iter().any(|x| x.today));
        if !candidate && !cx.sells(region, today) {
            return Err(LowerError::Today {
                component: name.clone(),
                offer: today.offer.clone(),
                place: format!("{}:{}", today.provider, today.region),
                reason: format!(
                    "no such offer there as {}; `placer offers --provider {} --region {}` lists what there is",
                    today.purchase, today.provider, today.region
                ),
            });
        }
    }
    Ok(())
}

impl Context<'_> {
    /// Whether the book knows today's offer at all (it may be refused by the application's own rules).
    fn sells(&self, region: RegionId, today: &Today) -> bool {
        let machine = |o: &crate::catalog::ComputeOffer| {
            self.book.shape(o.shape).name == today.offer && o.price(today.purchase).is_some()
        };
        self.book.compute_at(region).iter().any(machine)
            || self.book.managed_at(region).iter().any(|m| m.name() == today.offer)
            || self.book.tariff(region, Item::ObjectStorage).iter().any(|t| t.product == today.offer)
            || self.book.tariff(region, Item::LoadBalancer).iter().any(|t| t.product == today.offer)
            || self.book.tariff(region, Item::ServerlessVcpu).iter().any(|t| today.offer.starts_with(&t.product))
    }
}

/// Rules over groups become rules over pairs; the replicas of a spread component are kept apart.
fn relations_of(app: &App, demands: &[Demand]) -> Vec<Relation> {
    let mut relations = Vec::new();
    let mut add = |a: usize, b: usize, kind: RelationKind, reason: String| {
        relations.push(Relation { a, b, kind, reason });
    };
    for rule in &app.relations {
        let members: Vec<&Demand> = demands.iter().filter(|d| rule.components.contains(&d.app_component)).collect();
        for (i, a) in members.iter().enumerate() {
            for b in members[i + 1..].iter().filter(|b| b.app_component != a.app_component) {
                add(a.variable, b.variable, rule.kind, format!("{} and {}: {}", a.name, b.name, rule.kind.as_str()));
            }
        }
    }
    for link in &app.links {
        // A load balancer reaches only targets in its own region.
        let ends = |ordinal: usize| demands.iter().filter(move |d| d.app_component == ordinal);
        let fronts = app.components[link.from].kind == app::Kind::LoadBalancer;
        for (a, b) in ends(link.from).flat_map(|a| ends(link.to).map(move |b| (a, b))).filter(|_| fronts) {
            let reason = format!("{} balances {}: a load balancer is regional", a.name, b.name);
            add(a.variable, b.variable, RelationKind::SameRegion, reason);
        }
    }
    for (i, a) in demands.iter().enumerate() {
        let Some(kind) = a.keep_apart else { continue };
        for b in demands[i + 1..].iter().filter(|b| b.app_component == a.app_component) {
            add(
                a.variable,
                b.variable,
                kind,
                format!("replicas of {}: {}", app.components[a.app_component].name, kind.as_str()),
            );
        }
    }
    relations
}
