//! Serverless container products: Fargate, Cloud Run, Container Apps, always on with the component's replicas.

use super::choices::{Candidate, Excluded, Front, Recipe, Sink, Site};
use super::network::{Exposure, needs_of};
use super::{Context, Demand};
use crate::catalog::{Item, Price, Tariff};
use crate::problem::{ChargeItem, Form, Included};
use crate::units::{Arch, Purchase, Quantity};

/// A container size: thousandths of a vCPU and MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    vcpu_milli: i64,
    memory_mib: i64,
}

/// Sizes that a product sells: for each vCPU step the least and most memory, and the memory grain, in MiB.
struct Product {
    provider: &'static str,
    steps: &'static [(i64, i64, i64)],
    grain_mib: i64,
    /// Whether public services need a load balancer in front (else the product brings its own HTTPS endpoint).
    needs_balancer: bool,
    /// Whether it bills requests: then their price must be known as soon as there are any.
    bills_requests: bool,
}

/// "Task CPU and memory" (AWS Fargate developer guide), "Configure memory limits / CPU limits" (Cloud Run
/// documentation), "Containers: allocations" (Azure Container Apps documentation, consumption plan).
const PRODUCTS: [Product; 3] = [
    Product {
        provider: "aws",
        steps: &[
            (250, 512, 2048),
            (500, 1024, 4096),
            (1000, 2048, 8192),
            (2000, 4096, 16_384),
            (4000, 8192, 30_720),
            (8000, 16_384, 61_440),
            (16_000, 32_768, 122_880),
        ],
        grain_mib: 1024,
        needs_balancer: true,
        bills_requests: false,
    },
    Product {
        provider: "gcp",
        steps: &[
            (1000, 512, 4096),
            (2000, 512, 8192),
            (4000, 2048, 16_384),
            (6000, 4096, 24_576),
            (8000, 4096, 32_768),
        ],
        grain_mib: 512,
        needs_balancer: false,
        bills_requests: true,
    },
    Product {
        provider: "azure",
        steps: &[
            (250, 512, 512),
            (500, 1024, 1024),
            (1000, 2048, 2048),
            (2000, 4096, 4096),
            (3000, 6144, 6144),
            (4000, 8192, 8192),
        ],
        grain_mib: 512,
        needs_balancer: false,
        bills_requests: true,
    },
];

/// The smallest size that holds a replica.
fn size_for(product: &Product, demand: &Demand) -> Option<Size> {
    let cpu_milli = demand.cpu.micros().div_euclid(1000) + i64::from(demand.cpu.micros() % 1000 != 0);
    let exact = demand.memory_gib.micros().saturating_mul(1024);
    let memory = exact.div_euclid(1_000_000) + i64::from(exact % 1_000_000 != 0);
    product.steps.iter().find(|(cpu, _, most)| *cpu >= cpu_milli && *most >= memory).map(|(cpu, least, _)| {
        let grains = memory.div_euclid(product.grain_mib) + i64::from(memory % product.grain_mib != 0);
        // The least memory of a step need not be a whole grain (Fargate's smallest task has half a GiB).
        let memory_mib = if memory <= *least { *least } else { grains * product.grain_mib };
        Size { vcpu_milli: *cpu, memory_mib }
    })
}

/// The product of a place in the size that a component takes, with its prices.
#[derive(Clone, Copy)]
pub(super) struct Container<'a> {
    product: &'static Product,
    tariff: &'a Tariff,
    memory_price: Price,
}

impl<'a> Container<'a> {
    /// Of a place; [`Site::container`] keeps it.
    pub fn at(site: &Site<'a>) -> Option<Self> {
        let product = PRODUCTS.iter().find(|p| p.provider == site.provider)?;
        let tariff = site.tariff(Item::ServerlessVcpu).first()?;
        Some(Self { product, tariff, memory_price: site.price(Item::ServerlessMemory)? })
    }

    fn name(&self, size: Size) -> String {
        let gib = Quantity::from_units(size.memory_mib).scale(1, 1024);
        format!("{} {} vCPU {gib} GiB", self.tariff.product, Quantity::from_micros(size.vcpu_milli * 1000))
    }

    fn exposure(&self, demand: &Demand) -> Exposure {
        match (demand.public, self.product.needs_balancer) {
            (true, true) => Exposure::Balanced,
            (true, false) => Exposure::BuiltIn,
            (false, _) => Exposure::Private,
        }
    }

    fn requests(&self, demand: &Demand) -> Option<Quantity> {
        Some(demand.requests_million).filter(|&n| self.product.bills_requests && n > Quantity::ZERO)
    }
}

fn containers(demand: &Demand) -> u32 {
    u32::try_from(demand.replicas).unwrap_or(u32::MAX)
}

/// Looks at the serverless product of a place.
pub(super) fn offer_serverless(cx: &Context, demand: &Demand, site: &Site, front: &mut Front, excluded: &mut Excluded) {
    let Some(container) = site.container else { return };
    let pinned = cx.pinned();
    if !pinned && let Some(reason) = refuse(demand) {
        excluded.add(reason, 1);
        return;
    }
    let Some(size) = size_for(container.product, demand) else {
        excluded.add("larger than the serverless product allows", 1);
        return;
    };
    if cx.looks_for_names() && !cx.wanted(demand, site, &container.name(size)) {
        return;
    }
    if !(pinned || cx.purchase_wanted(demand, Purchase::OnDemand)) {
        return;
    }
    let refused = cx.refuse_price(&container.tariff.price).or_else(|| cx.refuse_price(&container.memory_price));
    if let Some(reason) = refused {
        excluded.add(reason, 1);
        return;
    }
    let exposure = container.exposure(demand);
    if container.requests(demand).is_some() && site.price(Item::ServerlessRequests).is_none() {
        excluded.add("no price known for serverless requests", 1);
        return;
    }
    if let Err(reason) = cx.network_known(demand, site, exposure) {
        excluded.add(reason, 1);
        return;
    }
    let candidate = Candidate {
        place: site.place,
        purchase: Purchase::OnDemand,
        count: containers(demand),
        form: Form::Serverless,
        included: Included::None,
        // Cloud Run and Container Apps reach the internet on their own.
        needs: if container.product.needs_balancer { needs_of(cx, demand, site, exposure) } else { &[] },
        active_zones: demand.active_zones(containers(demand)),
        today: cx.today_at(demand, site).is_some_and(|today| today.offer == container.name(size)),
    };
    front.offer(&candidate, Recipe::Serverless, None, &|sink: &mut Sink| {
        charges(cx, demand, site, &container, size, sink);
    });
}

/// Everything that the containers cost.
fn charges(cx: &Context, demand: &Demand, site: &Site, container: &Container, size: Size, sink: &mut Sink) {
    let hours = demand.hours.times(demand.replicas);
    let name = || container.name(size);
    let cpu_price = container.tariff.price;
    sink.add(ChargeItem::ServerlessVcpu, hours.scale(size.vcpu_milli, 1000), cpu_price, None, name);
    sink.add(ChargeItem::ServerlessMemory, hours.scale(size.memory_mib, 1024), container.memory_price, None, name);
    if let (Some(price), Some(requests)) = (site.price(Item::ServerlessRequests), container.requests(demand)) {
        sink.add(ChargeItem::Requests, requests, price, None, || "requests".to_owned());
    }
    cx.network_charges(demand, site, (container.exposure(demand), containers(demand)), sink);
}

/// The name of a choice of containers.
pub(super) fn name(demand: &Demand, site: &Site) -> String {
    let named = |container: Container| Some(container.name(size_for(container.product, demand)?));
    site.container.and_then(named).unwrap_or_default()
}

/// Writes out the charges of a choice of containers.
pub(super) fn write_out(cx: &Context, demand: &Demand, site: &Site, sink: &mut Sink) {
    let Some(container) = site.container else { return };
    if let Some(size) = size_for(container.product, demand) {
        charges(cx, demand, site, &container, size, sink);
    }
}

fn refuse(demand: &Demand) -> Option<&'static str> {
    if !demand.run_on.serverless {
        return Some("serverless is not allowed");
    }
    if demand.is_one_of_several_here() {
        return Some("serverless for several replicas that may share machines");
    }
    if demand.gpu.is_some() {
        return Some("serverless without an accelerator");
    }
    if demand.arch == Some(Arch::Arm64) {
        return Some("serverless is priced for x86_64 only");
    }
    (demand.disk_gb > Quantity::ZERO).then_some("serverless has no lasting disk")
}
