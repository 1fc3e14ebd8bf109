//! Where and how every component runs, by names: what outlives the problem whose ordinals it came from.

use crate::app::{App, Kind, Today};
use crate::problem::{Above, Assignment, Choice, Form, Host, Problem};
use crate::units::{Money, Purchase};

/// Hexadecimal digits of a seat's identity: 48 bits, for a handful of sides of one component.
const ID_DIGITS: usize = 12;

/// Where and how a component runs: all that an executor needs besides the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Name of the component; replicas of one that is spread are `name#1`, `name#2`, ...
    pub component: String,
    /// What it is.
    pub kind: Kind,
    /// Provider name.
    pub provider: String,
    /// Region code.
    pub region: String,
    /// Offer name as `placer offers` prints it.
    pub offer: String,
    /// How it is bought; of a mixed purchase the base.
    pub purchase: Purchase,
    /// How many units of the offer.
    pub count: u32,
    /// Those of them that are bought otherwise.
    pub above: Vec<Above>,
    /// The form in which it is bought; `None`: not known, since today's offer is not one that the problem has.
    pub form: Option<Form>,
    /// The component on whose machine it runs.
    pub machine_of: Option<String>,
    /// What it costs a month apart from traffic; `None`: not known.
    pub usd_month: Option<Money>,
}

impl Seat {
    /// Tells the sides of a component apart: 12 hexadecimal digits of where and how it runs. Equal for seats that are
    /// [`Self::same`], whether or not their form is known.
    #[must_use]
    pub fn id(&self) -> String {
        let above = self
            .above
            .iter()
            .fold(String::new(), |text, above| format!("{text}+{} {}", above.count, above.purchase.as_str()));
        let (on, purchase) = (self.machine_of.as_deref().unwrap_or_default(), self.purchase.as_str());
        let Self { component, provider, region, offer, count, .. } = self;
        let words = format!("{component}\n{provider}\n{region}\n{offer}\n{count} {purchase}{above}\n{on}");
        let mut id = super::file::hash(words.as_bytes());
        id.truncate(ID_DIGITS);
        id
    }

    /// Whether nothing has to be done to get from one to the other. What it costs does not matter.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        let form = self.form.is_none() || other.form.is_none() || self.form == other.form;
        let what = |seat: &Self| Self { form: None, usd_month: None, ..seat.clone() };
        form && what(self) == what(other)
    }
}

/// Where and how all components run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// In the order of the problem's components.
    pub seats: Vec<Seat>,
    /// The whole bill of a month; `None`: not known.
    pub usd_month: Option<Money>,
}

impl Placement {
    /// The seat of a component.
    #[must_use]
    pub fn seat(&self, component: &str) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.component == component)
    }

    /// The placement as what an application states about today, for whoever asks what would be better now.
    ///
    /// A component whose replicas are spread over several places, or of which only some are there, cannot be stated so and
    /// is left out.
    #[must_use]
    pub fn as_today(&self, app: &App) -> Vec<Today> {
        let of = |name: &str| {
            let own = |seat: &&Seat| super::moves::name_of(&seat.component) == name;
            self.seats.iter().filter(own).collect::<Vec<_>>()
        };
        let entry = |(ordinal, component): (usize, &crate::app::Component)| {
            let seats = of(&component.name);
            let first = *seats.first()?;
            let alike = |seat: &&Seat| {
                (&seat.provider, &seat.region, &seat.offer) == (&first.provider, &first.region, &first.offer)
            };
            if !seats.iter().all(alike) || (seats.len() > 1 && component.shares.is_none()) {
                return None;
            }
            let machine = |seat: &&Seat| seat.machine_of.clone().unwrap_or_else(|| seat.component.clone());
            let spot =
                |seat: &&Seat| seat.above.iter().filter(|a| a.purchase == Purchase::Spot).map(|a| a.count).sum::<u32>();
            Some(Today {
                component: ordinal,
                provider: first.provider.clone(),
                region: first.region.clone(),
                offer: first.offer.clone(),
                purchase: first.purchase,
                count: Some(seats.iter().map(|seat| seat.count).sum()),
                spot_count: seats.iter().map(spot).sum(),
                machines: if component.shares.is_some() { seats.iter().map(machine).collect() } else { Vec::new() },
            })
        };
        app.components.iter().enumerate().filter_map(entry).collect()
    }

    /// An assignment of a problem, with its bill.
    ///
    /// # Panics
    /// When the assignment does not fit the problem, or the problem is not the application's.
    #[must_use]
    pub fn of(app: &App, problem: &Problem, assignment: &Assignment, usd_month: Money) -> Self {
        let seat = |component: usize| {
            let bought = problem.bought(assignment, component);
            let picked = &problem.components[component].choices[assignment[component]];
            seat(app, problem, component, (picked, bought))
        };
        Self { seats: (0..assignment.len()).map(seat).collect(), usd_month: Some(usd_month) }
    }

    /// What the application states about today; no seats when it states nothing.
    ///
    /// Prices and what the file leaves open come from the problem's candidates, where today's choice is among them.
    #[must_use]
    pub fn today(app: &App, problem: &Problem, usd_month: Option<Money>) -> Self {
        let seats = (0..problem.components.len()).filter_map(|component| today(app, problem, component)).collect();
        Self { seats, usd_month }
    }
}

fn seat(app: &App, problem: &Problem, component: usize, (picked, bought): (&Choice, &Choice)) -> Seat {
    let variable = &problem.components[component];
    let place = &problem.places[picked.place];
    Seat {
        component: variable.name.clone(),
        kind: app.components[variable.app_component].kind,
        provider: place.provider_name.clone(),
        region: place.region_code.clone(),
        offer: bought.offer.clone(),
        purchase: bought.purchase,
        count: picked.count,
        above: picked.above.clone(),
        form: Some(picked.form),
        machine_of: match picked.host {
            Host::Joins(leader) => Some(problem.components[leader].name.clone()),
            Host::Own | Host::Leads(_) => None,
        },
        usd_month: Some(picked.cost),
    }
}

fn today(app: &App, problem: &Problem, component: usize) -> Option<Seat> {
    let variable = &problem.components[component];
    let entry = app.today.iter().find(|entry| entry.component == variable.app_component)?;
    if let Some(choice) = variable.choices.iter().find(|choice| choice.today) {
        let bought = match choice.host {
            Host::Joins(leader) => problem.components[leader].choices.iter().find(|choice| choice.today)?,
            Host::Own | Host::Leads(_) => choice,
        };
        return Some(seat(app, problem, component, (choice, bought)));
    }
    let spot = (entry.spot_count > 0).then_some(Above { purchase: Purchase::Spot, count: entry.spot_count });
    Some(Seat {
        component: variable.name.clone(),
        kind: app.components[variable.app_component].kind,
        provider: entry.provider.clone(),
        region: entry.region.clone(),
        offer: entry.offer.clone(),
        purchase: entry.purchase,
        count: entry.count.unwrap_or(1),
        above: spot.into_iter().collect(),
        form: None,
        machine_of: None,
        usd_month: None,
    })
}
