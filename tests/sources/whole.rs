//! All pages of a source: recorded answers where there are some, pages by the documented forms elsewhere.
//!
//! A recorded answer is one page of a long list, as a rule. Its link to the next page is set so that the list goes on
//! with a page of the documented form, or ends with the recorded one.

use super::fetch::{libcloud, sparecores};
use super::pages::page;
use super::recorded::{price_list, spot_xml};
use placer::collect::source::Request;
use serde_json::{Value, json};

/// The answer of a source's provider to a request; `None` for what it does not have.
pub fn whole(source: &str, request: &Request) -> Option<Vec<u8>> {
    recorded(source, request).or_else(|| page(source, request).map(String::into_bytes))
}

fn recorded(source: &str, request: &Request) -> Option<Vec<u8>> {
    match source {
        "aws-offers" => aws_offers(request),
        "aws-price-list" => {
            let at = match request.note.as_str() {
                "1" => 1,
                "2" => 0,
                "5" => 4,
                "12" => 2,
                _ => return None,
            };
            Some(price_list(&sparecores(&format!("aws-getproducts-{at}.json"))?))
        }
        "aws-spot" if request.host_part == "us-east-1" => {
            Some(spot_xml(&sparecores("aws-describespotpricehistory-0.json")?).into_bytes())
        }
        "azure-retail" => azure(request),
        "azure-skus" if request.tag != "subscriptions" => {
            let mut list = parsed(page(source, request)?.as_bytes());
            append(&mut list["value"], &parsed(&sparecores("azure-resource-skus-list-0.json")?)["value"]);
            Some(list.to_string().into_bytes())
        }
        "gcp-catalog" => gcp(request),
        "gcp-machine-types" if request.tag != "projects" => {
            let mut list = parsed(page(source, request)?.as_bytes());
            append(&mut list["items"], &parsed(&sparecores("gcp-machinetypes-list-0.json")?)["items"]);
            Some(list.to_string().into_bytes())
        }
        "hetzner" if request.tag == "locations" => sparecores("hcloud-list_locations-0.json"),
        "hetzner" if request.path.contains("server_types") && request.path.contains("page=1") => {
            let mut list = parsed(&sparecores("hcloud-list_server_types-0.json")?);
            list["meta"]["pagination"]["next_page"] = json!(2);
            Some(list.to_string().into_bytes())
        }
        "digitalocean" if request.path.ends_with("page=1") => {
            let mut list = parsed(&libcloud("digitalocean_v2-list_sizes.json")?);
            list["links"]["pages"]["next"] = json!("https://api.digitalocean.com/v2/sizes?page=2&per_page=200");
            Some(list.to_string().into_bytes())
        }
        "akamai" if request.tag == "types" && request.path.contains("?page=1&") => {
            let mut list = parsed(&libcloud("linode_v4-list_types.json")?);
            list["pages"] = json!(2);
            Some(list.to_string().into_bytes())
        }
        "vultr" => match request.tag {
            "plans" if !request.path.contains("cursor=") => {
                let mut list = parsed(&sparecores("vultr-get-v2-plans-0.json")?);
                list["meta"]["links"]["next"] = json!("bmV4dA==");
                Some(list.to_string().into_bytes())
            }
            "metal" => sparecores("vultr-get-v2-plans-metal-0.json"),
            "databases" => sparecores("vultr-get-v2-databases-plans-0.json"),
            _ => None,
        },
        "scaleway" if request.note == "fr-par-2 1" => libcloud("scaleway-list_sizes.json"),
        "ovh-catalog" => {
            let mut catalog = parsed(page(source, request)?.as_bytes());
            append(
                &mut catalog["addons"],
                &parsed(&sparecores("ovh-get-order-catalog-public-cloud-0.json")?)["addons"],
            );
            Some(catalog.to_string().into_bytes())
        }
        "upcloud" if request.tag == "plans" => sparecores("upcloud-list-available-plans-0.json"),
        "upcloud" => sparecores("upcloud-list-prices-0.json"),
        _ => None,
    }
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("it is JSON")
}

fn append(list: &mut Value, more: &Value) {
    let more = more.as_array().expect("a list").iter().cloned();
    list.as_array_mut().expect("a list").extend(more);
}

/// Recorded products as an offer file has them: a machine, and a database.
fn aws_offers(request: &Request) -> Option<Vec<u8>> {
    let index = |service: &str, regions: &[&str]| {
        let file = |region: &&str| {
            let url = format!("/offers/v1.0/aws/{service}/20260921194712/{region}/index.json");
            ((*region).to_owned(), json!({"regionCode": region, "currentVersionUrl": url}))
        };
        let regions: serde_json::Map<String, Value> = regions.iter().map(file).collect();
        json!({"formatVersion": "v1.0", "regions": regions}).to_string().into_bytes()
    };
    let file = |name: &str| -> Option<Vec<u8>> {
        let recorded = parsed(&sparecores(name)?);
        let (mut products, mut terms) = (serde_json::Map::new(), serde_json::Map::new());
        for entry in recorded["PriceList"].as_array().expect("a list") {
            let sku = entry["product"]["sku"].as_str().expect("text");
            products.insert(sku.to_owned(), entry["product"].clone());
            for (kind, of_kind) in entry["terms"].as_object().expect("an object") {
                let all = terms.entry(kind.as_str()).or_insert_with(|| json!({}));
                all[sku] = of_kind.clone();
            }
        }
        let form = json!({"formatVersion": "v1.0", "offerCode": "x", "products": products, "terms": terms});
        Some(form.to_string().into_bytes())
    };
    match request.note.as_str() {
        "AmazonEC2" => Some(index("AmazonEC2", &["ap-south-2", "eu-central-1", "us-east-1"])),
        "AmazonRDS" => Some(index("AmazonRDS", &["us-west-1"])),
        "AmazonEC2 ap-south-2" => file("aws-getproducts-1.json"),
        "AmazonEC2 us-east-1" => file("aws-getproducts-0.json"),
        "AmazonRDS us-west-1" => file("aws-getproducts-4.json"),
        _ => None,
    }
}

/// The recorded machine is a Windows one of a past month: what makes it so is taken away.
fn azure(request: &Request) -> Option<Vec<u8>> {
    let recorded = |at: usize| {
        let mut page = parsed(&sparecores(&format!("azure-azure-retail-prices-{at}.json"))?);
        page["NextPageLink"] = Value::Null;
        Some(page)
    };
    let page = if request.path.contains("%27southindia%27%20and%20priceType%20eq%20%27Consumption") {
        let mut page = recorded(0)?;
        page["Items"][0].as_object_mut().expect("a row").remove("effectiveEndDate");
        page["Items"][0]["productName"] = json!("Virtual Machines D Series");
        page
    } else if request.path.contains("%27Hot%20LRS%27") {
        recorded(1)?
    } else if request.path.contains("%27Virtual%20Network%27") {
        recorded(4)?
    } else {
        return None;
    };
    Some(page.to_string().into_bytes())
}

/// Two pages by the documented forms, and the recorded one after them.
fn gcp(request: &Request) -> Option<Vec<u8>> {
    if request.tag == "services" {
        let mut list = parsed(page("gcp-catalog", request)?.as_bytes());
        append(&mut list["services"], &parsed(&sparecores("gcp-services-list-0.json")?)["services"]);
        // The recorded one is Compute Engine, which is in the page already.
        list["services"].as_array_mut().expect("a list").remove(0);
        return Some(list.to_string().into_bytes());
    }
    if !request.path.contains("pageToken") {
        return None;
    }
    let last = request.path.ends_with("pageToken=last");
    let mut list = if last {
        parsed(&sparecores("gcp-services-skus-list-0.json")?)
    } else {
        parsed(page("gcp-catalog", request)?.as_bytes())
    };
    list["nextPageToken"] = json!(if last { "" } else { "last" });
    Some(list.to_string().into_bytes())
}
