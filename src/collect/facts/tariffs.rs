//! Price rules that are not offers: storage, requests, load balancers, NAT, addresses, control planes, serverless.

use super::Error;
use super::draft::{Draft, derived};
use super::index::PriceIndex;
use super::read::{Fact, Table};
use crate::catalog::{Item, Price, RegionId, Tariff, Unit};
use crate::units::Quantity;
use std::collections::BTreeMap;

/// What a price known at some regions says about the others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Nothing.
    No,
    /// The provider has one price for it everywhere (seen equal at regions whose machines differ in price).
    Uniform,
    /// It goes with the price of machines: an estimate.
    Index,
}

/// From which fact rows a tariff step is made.
struct Rule {
    provider: &'static str,
    service: &'static str,
    /// The fact table's name for it, exactly.
    sku: &'static str,
    item: Item,
    product: &'static str,
    /// Lower end of the step.
    from: i64,
    spread: Spread,
    /// The rule of ours that makes this price from the fact's; empty when it is the same price.
    note: &'static str,
    unit: Unit,
}

const LCU: &str = "one capacity unit is taken as 1 GB per hour, its largest part for web traffic";

macro_rules! rules {
    ($($provider:literal $service:literal $sku:literal => $item:ident $product:literal $from:literal $unit:ident
       $spread:ident $note:expr;)*) => {
        &[$(Rule { provider: $provider, service: $service, sku: $sku, item: Item::$item, product: $product,
            from: $from, unit: Unit::$unit, spread: Spread::$spread, note: $note }),*]
    };
}

/// In order of preference inside a provider and item: the first product is the default.
#[rustfmt::skip]
const RULES: &[Rule] = rules! {
    "aws" "block_storage" "EBS gp3 Storage (general purpose SSD, gp3)" => BlockStorage "gp3" 0 GbMonth Index "";
    "aws" "block_storage" "EBS gp2 Storage (general purpose SSD, gp2)" => BlockStorage "gp2" 0 GbMonth Index "";
    "aws" "backup_storage" "standard" => BackupStorage "EBS snapshot" 0 GbMonth Index "";
    "aws" "object_storage" "S3 Standard / Storage" => ObjectStorage "S3 Standard" 0 GbMonth Index "";
    "aws" "object_storage" "S3 Standard next 450TB" => ObjectStorage "S3 Standard" 51_200 GbMonth Index "";
    "aws" "object_storage" "S3 Standard over 500TB" => ObjectStorage "S3 Standard" 512_000 GbMonth Index "";
    "aws" "object_storage" "S3 Standard / PUT, COPY, POST, LIST requests" => ObjectWrites "S3 Standard" 0 MillionRequests Index "";
    "aws" "object_storage" "S3 Standard / GET" => ObjectReads "S3 Standard" 0 MillionRequests Index "";
    "aws" "load_balancer" "ALB Application load balancer" => LoadBalancer "ALB" 0 Hour Index "";
    "aws" "load_balancer" "NLB Network load balancer" => LoadBalancer "NLB" 0 Hour Index "";
    "aws" "load_balancer" "ALB Load balancer capacity units" => LoadBalancerData "ALB" 0 Gb Index LCU;
    "aws" "load_balancer" "NLB Load balancer capacity units" => LoadBalancerData "NLB" 0 Gb Index LCU;
    "aws" "nat_gateway" "NAT gateway" => NatGateway "NAT gateway" 0 Hour Index "";
    "aws" "nat_gateway" "Data processed" => NatData "NAT gateway" 0 Gb Index "";
    "aws" "public_ipv4" "VPCPublicIPv4Address in-use" => PublicIpv4 "Public IPv4" 0 Hour No "";
    "aws" "kubernetes_control_plane" "cluster" => KubernetesControlPlane "EKS" 0 Hour No "";
    "aws" "serverless_container" "x86 vCPU" => ServerlessVcpu "Fargate" 0 VcpuHour Index "";
    "aws" "serverless_container" "x86 memory" => ServerlessMemory "Fargate" 0 GibHour Index "";

    "azure" "block_storage" "E30 LRS per GiB" => BlockStorage "Standard SSD LRS" 0 GbMonth Index "size E30 per GiB";
    "azure" "block_storage" "P4 LRS per GiB" => BlockStorage "Premium SSD LRS" 0 GbMonth Index "size P4 per GiB";
    "azure" "object_storage" "Blob Hot LRS first 50TB" => ObjectStorage "Blob Hot LRS" 0 GbMonth Index "first step taken for all steps";
    "azure" "object_storage" "Blob Hot LRS write ops per 10k" => ObjectWrites "Blob Hot LRS" 0 MillionRequests Index "";
    "azure" "object_storage" "Blob Hot LRS read ops per 10k" => ObjectReads "Blob Hot LRS" 0 MillionRequests Index "";
    "azure" "load_balancer" "First five rules" => LoadBalancer "Standard Load Balancer" 0 Hour Uniform "";
    "azure" "load_balancer" "Data processed" => LoadBalancerData "Standard Load Balancer" 0 Gb Uniform "";
    "azure" "nat_gateway" "NAT gateway" => NatGateway "NAT Gateway" 0 Hour Uniform "";
    "azure" "nat_gateway" "Data processed" => NatData "NAT Gateway" 0 Gb Uniform "";
    "azure" "public_ipv4" "IP address (static, regional)" => PublicIpv4 "Standard static IPv4" 0 Hour Uniform "";
    "azure" "kubernetes_control_plane" "Standard tier" => KubernetesControlPlane "AKS Standard" 0 Hour No "";
    "azure" "kubernetes_control_plane" "AKS Free tier" => KubernetesControlPlane "AKS Free" 0 Hour No "";
    "azure" "serverless_container" "active vCPU" => ServerlessVcpu "Container Apps" 0 VcpuHour No "";
    "azure" "serverless_container" "active memory" => ServerlessMemory "Container Apps" 0 GibHour No "";

    "gcp" "block_storage" "pd-balanced" => BlockStorage "pd-balanced" 0 GbMonth Index "";
    "gcp" "block_storage" "pd-ssd" => BlockStorage "pd-ssd" 0 GbMonth Index "";
    "gcp" "backup_storage" "standard" => BackupStorage "PD snapshot" 0 GbMonth Index "";
    "gcp" "object_storage" "standard" => ObjectStorage "Cloud Storage standard" 0 GbMonth Index "";
    "gcp" "object_storage" "Standard Class A" => ObjectWrites "Cloud Storage standard" 0 MillionRequests Uniform "";
    "gcp" "object_storage" "Standard Class B" => ObjectReads "Cloud Storage standard" 0 MillionRequests Uniform "";
    "gcp" "load_balancer" "First five forwarding rules" => LoadBalancer "Cloud Load Balancing" 0 Hour Index "";
    "gcp" "load_balancer" "Ingress data" => LoadBalancerData "Cloud Load Balancing" 0 Gb Index "";
    "gcp" "nat_gateway" "gateway (cap, 32+ VMs)" => NatGateway "Cloud NAT" 0 Hour Index "";
    "gcp" "nat_gateway" "data processed" => NatData "Cloud NAT" 0 Gb Index "";
    "gcp" "public_ipv4" "in use on VM" => PublicIpv4 "External IPv4" 0 Hour Uniform "";
    "gcp" "kubernetes_control_plane" "zonal or regional or Autopilot cluster" => KubernetesControlPlane "GKE" 0 Hour No "";
    "gcp" "serverless_container" "instance-based vCPU" => ServerlessVcpu "Cloud Run instance-based" 0 VcpuHour No "";
    "gcp" "serverless_container" "request-based vCPU" => ServerlessVcpu "Cloud Run request-based" 0 VcpuHour No "";
    "gcp" "serverless_container" "instance-based memory" => ServerlessMemory "Cloud Run instance-based" 0 GibHour No "";
    "gcp" "serverless_container" "request-based memory" => ServerlessMemory "Cloud Run request-based" 0 GibHour No "";
    "gcp" "serverless_container" "instance-based requests" => ServerlessRequests "Cloud Run instance-based" 0 MillionRequests No "";
    "gcp" "serverless_container" "requests" => ServerlessRequests "Cloud Run request-based" 0 MillionRequests No "";

    "oci" "block_storage" "Balanced volume" => BlockStorage "Block volume balanced" 0 GbMonth No "";
    "oci" "block_storage" "B91961 Block volume" => BlockStorage "Block volume lower cost" 0 GbMonth No "";
    "oci" "object_storage" "B91628 Object storage standard" => ObjectStorage "Object Storage standard" 0 GbMonth No "";
    "oci" "object_storage" "B91627 requests" => ObjectWrites "Object Storage standard" 0 MillionRequests No "";
    "oci" "object_storage" "B91627 requests" => ObjectReads "Object Storage standard" 0 MillionRequests No "";
    "oci" "load_balancer" "B93030 LB base (after first free)" => LoadBalancer "Flexible load balancer" 0 Hour No "";
    "oci" "load_balancer" "data" => LoadBalancerData "Flexible load balancer" 0 Gb No "";
    "oci" "nat_gateway" "NAT gateway" => NatGateway "NAT gateway" 0 Hour No "";
    "oci" "nat_gateway" "data" => NatData "NAT gateway" 0 Gb No "";
    "oci" "public_ipv4" "ephemeral or reserved public IPv4" => PublicIpv4 "Public IPv4" 0 Hour No "";
    "oci" "kubernetes_control_plane" "B96545 OKE enhanced cluster" => KubernetesControlPlane "OKE enhanced" 0 Hour No "";
    "oci" "kubernetes_control_plane" "OKE basic cluster" => KubernetesControlPlane "OKE basic" 0 Hour No "";

    "hetzner" "block_storage" "Volume" => BlockStorage "Volume" 0 GbMonth No "";
    "hetzner" "backup_storage" "snapshot" => BackupStorage "Snapshot" 0 GbMonth No "";
    "hetzner" "object_storage" "base incl 1TB+1TB egress" => ObjectStorageBase "Object Storage" 0 Month No "";
    "hetzner" "object_storage" "included" => ObjectStorage "Object Storage" 0 GbMonth No "";
    "hetzner" "object_storage" "overage" => ObjectStorage "Object Storage" 1024 GbMonth No "";
    "hetzner" "object_storage" "requests" => ObjectWrites "Object Storage" 0 MillionRequests No "";
    "hetzner" "object_storage" "requests" => ObjectReads "Object Storage" 0 MillionRequests No "";
    "hetzner" "load_balancer" "LB11" => LoadBalancer "LB11" 0 Month No "";
    "hetzner" "load_balancer" "LB21" => LoadBalancer "LB21" 0 Month No "";
    "hetzner" "load_balancer" "LB31" => LoadBalancer "LB31" 0 Month No "";
    "hetzner" "load_balancer" "data" => LoadBalancerData "LB11" 0 Gb No "";
    "hetzner" "public_ipv4" "Primary IPv4" => PublicIpv4 "Primary IPv4" 0 Month No "";

    "digitalocean" "block_storage" "volume" => BlockStorage "Volume" 0 GbMonth No "";
    "digitalocean" "object_storage" "Spaces base 250GiB+1TiB" => ObjectStorageBase "Spaces" 0 Month No "";
    "digitalocean" "object_storage" "included" => ObjectStorage "Spaces" 0 GbMonth No "";
    "digitalocean" "object_storage" "Spaces overage" => ObjectStorage "Spaces" 250 GbMonth No "";
    "digitalocean" "object_storage" "requests" => ObjectWrites "Spaces" 0 MillionRequests No "";
    "digitalocean" "object_storage" "requests" => ObjectReads "Spaces" 0 MillionRequests No "";
    "digitalocean" "load_balancer" "small / per node" => LoadBalancer "Load Balancer" 0 Month No "";
    "digitalocean" "load_balancer" "data" => LoadBalancerData "Load Balancer" 0 Gb No "";
    "digitalocean" "public_ipv4" "included" => PublicIpv4 "included with the droplet" 0 Month No "";
    "digitalocean" "kubernetes_control_plane" "basic" => KubernetesControlPlane "DOKS" 0 Hour No "";
    "digitalocean" "kubernetes_control_plane" "HA" => KubernetesControlPlane "DOKS HA" 0 Month No "";

    "akamai" "block_storage" "volume" => BlockStorage "Block Storage" 0 GbMonth No "";
    "akamai" "object_storage" "Object storage base 250GB+1TB" => ObjectStorageBase "Object Storage" 0 Month No "";
    "akamai" "object_storage" "included" => ObjectStorage "Object Storage" 0 GbMonth No "";
    "akamai" "object_storage" "Object storage overage" => ObjectStorage "Object Storage" 250 GbMonth No "";
    "akamai" "object_storage" "requests" => ObjectWrites "Object Storage" 0 MillionRequests No "";
    "akamai" "object_storage" "requests" => ObjectReads "Object Storage" 0 MillionRequests No "";
    "akamai" "load_balancer" "nodebalancer" => LoadBalancer "NodeBalancer" 0 Hour No "";
    "akamai" "load_balancer" "data" => LoadBalancerData "NodeBalancer" 0 Gb No "";
    "akamai" "public_ipv4" "included" => PublicIpv4 "included with the server" 0 Month No "";
    "akamai" "public_ipv4" "reserved-ipv4" => PublicIpv4 "Reserved IPv4" 0 Hour No "";
    "akamai" "kubernetes_control_plane" "lke-sa" => KubernetesControlPlane "LKE" 0 Hour No "";
    "akamai" "kubernetes_control_plane" "lke-ha" => KubernetesControlPlane "LKE HA" 0 Hour No "";

    "vultr" "block_storage" "block_storage_high_perf" => BlockStorage "NVMe block storage" 0 GbMonth No "";
    "vultr" "block_storage" "block_storage_storage_opt" => BlockStorage "HDD block storage" 0 GbMonth No "";
    "vultr" "load_balancer" "load balancer" => LoadBalancer "Load Balancer" 0 Month No "";
    "vultr" "load_balancer" "data" => LoadBalancerData "Load Balancer" 0 Gb No "";
    "vultr" "public_ipv4" "included" => PublicIpv4 "included with the server" 0 Month No "";
    "vultr" "public_ipv4" "Reserved/additional IPv4" => PublicIpv4 "Reserved IPv4" 0 Month No "";
    "vultr" "kubernetes_control_plane" "basic" => KubernetesControlPlane "VKE" 0 Hour No "";

    "upcloud" "block_storage" "maxiops" => BlockStorage "MaxIOPS" 0 GbMonth Uniform "";
    "upcloud" "block_storage" "standard" => BlockStorage "Standard" 0 GbMonth Uniform "";
    "upcloud" "public_ipv4" "included" => PublicIpv4 "included with the server" 0 Hour No "";
    "upcloud" "public_ipv4" "extra IPv4" => PublicIpv4 "Additional IPv4" 0 Hour Uniform "";

    "scaleway" "public_ipv4" "Flexible IPv4 (2026 notes)" => PublicIpv4 "Flexible IPv4" 0 Hour Uniform "";
    "scaleway" "block_storage" "volume" => BlockStorage "Block Storage 5K" 0 GbMonth No "";
    "scaleway" "object_storage" "requests" => ObjectWrites "Object Storage" 0 MillionRequests No "";
    "scaleway" "object_storage" "requests" => ObjectReads "Object Storage" 0 MillionRequests No "";
    "scaleway" "object_storage" "standard" => ObjectStorage "Object Storage" 0 GbMonth No "";
    "scaleway" "load_balancer" "LB-GP-M" => LoadBalancer "LB-GP-M" 0 Month No "";
    "scaleway" "load_balancer" "data" => LoadBalancerData "LB-GP-M" 0 Gb No "";
    "scaleway" "kubernetes_control_plane" "basic" => KubernetesControlPlane "Kapsule mutualised" 0 Hour No "";

    "ovh" "block_storage" "classic" => BlockStorage "Classic volume" 0 GbMonth No "";
    "ovh" "block_storage" "high-speed" => BlockStorage "High-speed volume" 0 GbMonth No "";
    "ovh" "load_balancer" "S" => LoadBalancer "Load Balancer S" 0 Hour No "";
    "ovh" "load_balancer" "data" => LoadBalancerData "Load Balancer S" 0 Gb No "";
    "ovh" "public_ipv4" "included" => PublicIpv4 "included with the instance" 0 Month No "";
    "ovh" "public_ipv4" "Additional IPv4" => PublicIpv4 "Additional IPv4" 0 Month No "";
    "ovh" "kubernetes_control_plane" "basic" => KubernetesControlPlane "MKS" 0 Hour No "";

    "exoscale" "block_storage" "volume" => BlockStorage "Volume" 0 GbMonth No "";
    "exoscale" "public_ipv4" "included" => PublicIpv4 "included with the instance" 0 Month No "";

    "cloudflare-r2" "object_storage" "included storage" => ObjectStorage "R2 Standard" 0 GbMonth No "";
    "cloudflare-r2" "object_storage" "R2 Standard" => ObjectStorage "R2 Standard" 10 GbMonth No "";
    "cloudflare-r2" "object_storage" "included requests" => ObjectWrites "R2 Standard" 0 MillionRequests No "";
    "cloudflare-r2" "object_storage" "R2 Standard class A" => ObjectWrites "R2 Standard" 1 MillionRequests No "";
    "cloudflare-r2" "object_storage" "included requests" => ObjectReads "R2 Standard" 0 MillionRequests No "";
    "cloudflare-r2" "object_storage" "R2 Standard class B" => ObjectReads "R2 Standard" 10 MillionRequests No "";
    "backblaze" "object_storage" "B2 pay-as-you-go" => ObjectStorage "B2" 0 GbMonth No "";
    "backblaze" "object_storage" "requests" => ObjectWrites "B2" 0 MillionRequests No "";
    "backblaze" "object_storage" "requests" => ObjectReads "B2" 0 MillionRequests No "";
};

/// Fills the draft's tariffs.
pub fn tariffs(draft: &mut Draft, services: &[Table], index: &PriceIndex) -> Result<(), Error> {
    for rule in RULES {
        let mut facts: Vec<Fact<'_>> = Vec::new();
        for fact in services.iter().flat_map(Table::rows) {
            let same = fact.get("provider") == rule.provider && fact.get("service") == rule.service;
            // GCP's snapshots carry the region in their name.
            let sku = fact.get("sku");
            let of_region = || rule.service == "backup_storage" && sku == format!("standard {}", fact.get("region"));
            if same && (sku == rule.sku || of_region()) {
                facts.push(fact);
            }
        }
        let known = known_prices(draft, &facts, rule.unit, rule.note)?;
        for (region, price) in spread(draft, rule.provider, &known, rule.spread, index) {
            let from = Quantity::from_units(rule.from);
            draft.tariffs.push(Tariff { region, item: rule.item, product: rule.product.to_owned(), from, price });
        }
    }
    draft.tariffs.sort_by_key(|t| (t.region, t.item));
    drop_broken(&mut draft.tariffs);
    Ok(())
}

/// Drops products of which the first step is not known: the later steps alone would read as a price from 0.
fn drop_broken(tariffs: &mut Vec<Tariff>) {
    let starts: std::collections::HashSet<_> =
        tariffs.iter().filter(|t| t.from == Quantity::ZERO).map(|t| (t.region, t.item, t.product.clone())).collect();
    tariffs.retain(|t| starts.contains(&(t.region, t.item, t.product.clone())));
}

/// Prices by region code; `*` stands for all regions.
pub fn known_prices(
    draft: &mut Draft,
    facts: &[Fact<'_>],
    unit: Unit,
    note: &str,
) -> Result<BTreeMap<String, Price>, Error> {
    let mut known = BTreeMap::new();
    for &fact in facts {
        let mut price = draft.price(fact, unit)?;
        if !note.is_empty() {
            price = derived(price, price.usd, unit, note, &mut draft.sources);
        }
        known.insert(fact.get("region").to_owned(), price);
    }
    Ok(known)
}

/// The price at every region where the provider sells: known there, known for all, or carried over by the rule.
pub fn spread(
    draft: &mut Draft,
    provider: &str,
    known: &BTreeMap<String, Price>,
    spread: Spread,
    index: &PriceIndex,
) -> Vec<(RegionId, Price)> {
    let mut prices = Vec::new();
    for region in draft.selling(provider) {
        let code = draft.at(region).code.clone();
        let price = match known.get(&code).or_else(|| known.get("*")) {
            Some(price) => Some(*price),
            None if spread == Spread::Index => carried(draft, provider, known, region, index),
            None if spread == Spread::Uniform => known.iter().next().map(|(from, price)| {
                let rule = format!("the price at {from}, taken as the same everywhere");
                derived(*price, price.usd, price.unit, &rule, &mut draft.sources)
            }),
            None => None,
        };
        prices.extend(price.map(|price| (region, price)));
    }
    prices
}

/// Carried over from the known region whose machines predict this one's best.
fn carried(
    draft: &mut Draft,
    provider: &str,
    known: &BTreeMap<String, Price>,
    to: RegionId,
    index: &PriceIndex,
) -> Option<Price> {
    let bases = known.iter().filter_map(|(code, price)| Some((draft.region(provider, code)?, *price)));
    let rated = bases.filter_map(|(from, price)| Some((index.ratio(from, to)?.pct, from, price)));
    let (_, from, price) = rated.min_by_key(|&(pct, from, _)| (pct, from))?;
    index.carry(price, from, to, &mut draft.sources)
}
