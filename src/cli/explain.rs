//! `placer explain`: the application's file in, the reasons for its placement out.

use super::args::{ExplainArgs, ReportFormat};
use super::failure::Failure;
use super::text::Look;
use super::{explain_text, input, nearest, place, report_text};
use crate::app::App;
use crate::catalog::listing::regions;
use crate::catalog::{Item, PriceBook};
use crate::policy::Policy;
use crate::report::explain::{Ask, Target, explain, wire};
use crate::solve::Limits;
use std::io::Write;

/// Runs the command.
pub fn run(args: &ExplainArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let text = input::app_bytes(&args.app)?;
    let book = input::book(args.book.price_book.as_deref())?;
    let app = input::app(&args.app, &text, &book)?;
    let ask = Ask {
        component: args.component.as_deref().map(|name| component(&app, name)).transpose()?,
        why_not: args.why_not.as_deref().map(|text| target(&book, text)).transpose()?,
    };
    let limits = Limits { nodes_max: args.nodes_max, ..Limits::default() };
    let explanation = explain(&app, &book, &Policy::default(), &limits, &ask).map_err(super::recommend::refused)?;
    let explanation = explanation.to_wire(&book);
    print(&explanation, args.format, out)?;
    if args.format != ReportFormat::Json {
        place::tell_freshness(args.book.price_book.as_deref(), &book, out)?;
    }
    match &explanation.conflict {
        None => Ok(()),
        Some(_) if args.format == ReportFormat::Json => {
            Err(Failure::Infeasible(format!("{}: no placement satisfies all requirements", explanation.app)))
        }
        Some(conflict) => Err(Failure::Infeasible(report_text::conflict(&explanation.app, conflict))),
    }
}

fn print(explanation: &wire::Explanation, format: ReportFormat, out: &mut dyn Write) -> Result<(), Failure> {
    match format {
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, explanation)?;
            out.write_all(b"\n")?;
        }
        ReportFormat::Table => out.write_all(explain_text::render(explanation, Look::of_stdout()).as_bytes())?,
        ReportFormat::Markdown => out.write_all(explain_text::render(explanation, Look::markdown()).as_bytes())?,
    }
    out.flush()?;
    Ok(())
}

/// A component of the application by name; a replica of a spread one (`web#2`) means the component.
fn component(app: &App, name: &str) -> Result<usize, Failure> {
    let wanted = name.split_once('#').map_or(name, |(component, _)| component);
    let known = || app.components.iter().map(|component| component.name.as_str());
    known().position(|known| known == wanted).ok_or_else(|| nearest::unknown("component", wanted, known()))
}

/// Reads `provider`, `provider:region`, `OFFER`, `OFFER@provider` or `OFFER@provider:region`.
fn target(book: &PriceBook, text: &str) -> Result<Target, Failure> {
    let (offer, place) = match text.rsplit_once('@') {
        Some((offer, place)) => (Some(offer), Some(place)),
        None if offers(book).binary_search(&text.to_owned()).is_ok() => (Some(text), None),
        // Only places have a colon in them.
        None if text.contains(':') || book.providers.iter().any(|provider| provider.name == text) => (None, Some(text)),
        None => return Err(unknown(book, text)),
    };
    let of_place = |place: &str| {
        let (provider, code) = place.split_once(':').map_or((place, None), |(provider, code)| (provider, Some(code)));
        regions(book, Some(provider), code).map_err(Failure::input)
    };
    let regions = place.map(of_place).transpose()?.unwrap_or_default();
    if let Some(offer) = offer {
        let known = offers(book);
        if known.binary_search(&offer.to_owned()).is_err() {
            return Err(nearest::unknown("offer", offer, known.iter().map(String::as_str)));
        }
    }
    Ok(Target { offer: offer.map(str::to_owned), regions, text: text.to_owned() })
}

/// A word that is neither an offer nor a provider: the nearest of both.
fn unknown(book: &PriceBook, text: &str) -> Failure {
    let offers = offers(book);
    let providers = book.providers.iter().map(|provider| provider.name.as_str());
    nearest::unknown("offer or provider", text, offers.iter().map(String::as_str).chain(providers))
}

/// Every name that an offer can have, in order. Sizes of serverless containers have names of their own.
fn offers(book: &PriceBook) -> Vec<String> {
    let mut names: Vec<String> = book.shapes.iter().map(|shape| shape.name.clone()).collect();
    for region in book.region_ids() {
        names.extend(book.managed_at(region).iter().map(crate::catalog::ManagedOffer::name));
        for item in [Item::ObjectStorage, Item::LoadBalancer] {
            names.extend(book.tariff(region, item).iter().map(|tariff| tariff.product.clone()));
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}
