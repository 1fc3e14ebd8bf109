//! Of all equally good assignments always the same one, so that an answer does not depend on the order in which components,
//! choices and places are listed.
//!
//! Component by component, in the order of their names: among the choices with which the best value can still be reached
//! the one with the least latency to users and to what is settled already, then the first by provider, region, offer and
//! purchase. One relaxation shows which choices could reach it
//! at all, which is mostly one for each component; the others are asked, halving by halving, with everything before them
//! settled.

use super::model::Part;
use super::prepared::{Prepared, Request};
use super::search::{Control, Search};
use super::{Limits, Restriction, Solution, Status};
use crate::problem::{Choice, ChoiceId, ComponentId, Included, PlaceId};

impl Prepared<'_> {
    /// The nearest, then the first by names, of all assignments that are as good as a proven answer. An answer that is not proven, or of a
    /// problem with shared machines, is returned as it is; so is one whose ties the limits leave open.
    #[must_use]
    pub fn canonical(&self, answer: Solution, limits: &Limits) -> Solution {
        if answer.status != Status::Optimal || !self.problem().groups.is_empty() {
            return answer;
        }
        let mut candidates = self.tied(&answer, limits);
        let mut order: Vec<ComponentId> = (0..candidates.len()).collect();
        order.sort_by_key(|&c| &self.problem().components[c].name);
        let mut settled = answer.clone();
        let mut places = vec![None; candidates.len()];
        for component in order {
            self.sort(component, &mut candidates[component], &places);
            let Some(assignment) = self.settle(component, &mut candidates, &settled, limits) else { return answer };
            settled.assignment = assignment;
            let choice = settled.assignment[component];
            places[component] = Some(self.problem().components[component].choices[choice].place);
            candidates[component] = vec![choice];
        }
        settled
    }

    /// By latency to users and to what is settled, then by names.
    fn sort(&self, component: ComponentId, choices: &mut [ChoiceId], places: &[Option<PlaceId>]) {
        let delay = |choice: ChoiceId| self.delay_us(component, choice, places);
        let names = |a: ChoiceId, b: ChoiceId| self.name(component, a).cmp(&self.name(component, b)).then(a.cmp(&b));
        choices.sort_by(|&a, &b| delay(a).cmp(&delay(b)).then_with(|| names(a, b)));
    }

    /// What a component at a choice's place adds to the latencies of all paths, as far as the other end of a hop is
    /// settled, in microseconds.
    fn delay_us(&self, component: ComponentId, choice: ChoiceId, places: &[Option<PlaceId>]) -> i64 {
        let problem = self.problem();
        let here = problem.components[component].choices[choice].place;
        let mut sum = 0;
        for path in &problem.paths {
            sum += path.entry.as_ref().filter(|(entry, _)| *entry == component).map_or(0, |(_, us)| us[here]);
            let hops = path.hops.iter().filter(|hop| hop.a == component || hop.b == component);
            for hop in hops {
                let place = |c: ComponentId| if c == component { Some(here) } else { places[c] };
                if let (Some(a), Some(b)) = (place(hop.a), place(hop.b)) {
                    sum += hop.round_trips_milli * problem.rtt_us(path.percentile, a, b) / 1000;
                }
            }
        }
        sum
    }

    /// Per component the choices with which nothing rules out the value of an answer, and its own.
    fn tied(&self, answer: &Solution, limits: &Limits) -> Vec<Vec<ChoiceId>> {
        let model = self.model();
        let best = model.internal(answer.objective);
        let everything: Vec<Vec<usize>> = model.parts.iter().map(|part| (0..part.values.len()).collect()).collect();
        let control = Control { limits: *limits, below: best + 1, cancelled: None };
        let bounds = Search::new(model, control).marginals(everything, model.scale.floor(best));
        let ceiling = model.scale.ceil(best + 1);
        let tied = |(component, (part, bounds)): (ComponentId, (&Part, &Vec<i64>))| {
            let open = part.values.iter().zip(bounds).filter(|(_, bound)| **bound < ceiling);
            let mut choices: Vec<ChoiceId> = open.map(|(value, _)| value.choice()).collect();
            choices.push(answer.assignment[component]);
            choices.sort_unstable();
            choices.dedup();
            choices
        };
        model.parts.iter().zip(&bounds).enumerate().map(tied).collect()
    }

    /// What a choice is called.
    fn name(&self, component: ComponentId, choice: ChoiceId) -> impl Ord + '_ {
        let problem = self.problem();
        let choice: &Choice = &problem.components[component].choices[choice];
        let place = &problem.places[choice.place];
        let bought = (choice.purchase, choice.count, choice.form.as_str(), choice.active_zones);
        let included = match choice.included {
            Included::None => (0, 0),
            Included::Own(gb) => (1, gb.micros()),
            Included::Pooled(gb) => (2, gb.micros()),
        };
        // What two choices have all of in common can be exchanged.
        (&place.provider_name, &place.region_code, &choice.offer, bought, choice.cost, included, &choice.needs)
    }

    /// An assignment as good as the known one in which a component has its first possible candidate. `None`: the limits
    /// left it open.
    fn settle(
        &self,
        component: ComponentId,
        candidates: &mut [Vec<ChoiceId>],
        known: &Solution,
        limits: &Limits,
    ) -> Option<Vec<ChoiceId>> {
        let mut assignment = known.assignment.clone();
        // The first possible candidate is in `low..=high`, and `high` is possible.
        let position = |list: &[ChoiceId], choice| list.iter().position(|&c| c == choice);
        let (mut low, mut high) = (0, position(&candidates[component], assignment[component])?);
        while low < high {
            let middle = usize::midpoint(low, high);
            let asked = candidates[component][low..=middle].to_vec();
            let before = std::mem::replace(&mut candidates[component], asked);
            let allows = |c: ComponentId, choice: ChoiceId, _: &Choice| candidates[c].contains(&choice);
            let restriction = Restriction::allowing(&allows).below(known.objective + 1);
            let found = self.solve(&Request { limits: *limits, restriction, warm: None, cancelled: None });
            candidates[component] = before;
            match found.status {
                Status::Infeasible => low = middle + 1,
                Status::Optimal | Status::Feasible => {
                    high = position(&candidates[component], found.assignment[component])?;
                    assignment = found.assignment;
                }
                Status::Unknown => return None,
            }
        }
        Some(assignment)
    }
}
