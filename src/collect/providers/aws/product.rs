//! AWS products and terms, as both the bulk offer files and the Price List Query API write them.
//!
//! A product is a bag of some fifty string attributes; only those that [`Attr`] names are kept. The same two types are
//! filled again and again while a file streams by, so reading a product allocates nothing once the buffers have grown.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Attribute values and other strings longer than this are not kept: no real one is.
const TEXT_BYTES_MAX: usize = 1024;
/// Tiers (or an hourly and a one-time part) of one term; real ones have at most ten.
const DIMENSIONS_MAX: usize = 256;

macro_rules! attrs {
    ($($name:ident = $key:literal),* $(,)?) => {
        /// The attributes that decide what a product is. The doc of each is AWS's own key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Attr {
            $(#[doc = $key] $name),*
        }

        impl Attr {
            /// How many.
            pub const COUNT: usize = [$(Self::$name),*].len();

            /// By AWS's key.
            #[must_use]
            pub fn of(key: &str) -> Option<Self> {
                match key {
                    $($key => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

attrs! {
    ServiceCode = "servicecode",
    RegionCode = "regionCode",
    LocationType = "locationType",
    InstanceType = "instanceType",
    Vcpu = "vcpu",
    Memory = "memory",
    Gpu = "gpu",
    Storage = "storage",
    PhysicalProcessor = "physicalProcessor",
    OperatingSystem = "operatingSystem",
    PreInstalledSw = "preInstalledSw",
    LicenseModel = "licenseModel",
    Tenancy = "tenancy",
    CapacityStatus = "capacitystatus",
    MarketOption = "marketoption",
    UsageType = "usagetype",
    Operation = "operation",
    Group = "group",
    GroupDescription = "groupDescription",
    VolumeApiName = "volumeApiName",
    VolumeType = "volumeType",
    StorageClass = "storageClass",
    StorageFamily = "storageFamily",
    DatabaseEngine = "databaseEngine",
    DeploymentOption = "deploymentOption",
    CacheEngine = "cacheEngine",
    TransferType = "transferType",
    FromRegionCode = "fromRegionCode",
    FromLocationType = "fromLocationType",
    ToRegionCode = "toRegionCode",
    ToLocation = "toLocation",
    ToLocationType = "toLocationType",
}

/// One product. Absent attributes are empty.
#[derive(Clone, Debug)]
pub struct Product {
    /// AWS's key of the product.
    pub sku: String,
    /// `Compute Instance`, `Storage`, ...; some products have none.
    pub family: String,
    attrs: [String; Attr::COUNT],
}

impl Default for Product {
    fn default() -> Self {
        Self { sku: String::new(), family: String::new(), attrs: std::array::from_fn(|_| String::new()) }
    }
}

impl Product {
    /// The value of an attribute; empty when the product has none.
    #[must_use]
    pub fn get(&self, attr: Attr) -> &str {
        &self.attrs[attr as usize]
    }

    fn clear(&mut self) {
        self.sku.clear();
        self.family.clear();
        self.attrs.iter_mut().for_each(String::clear);
    }
}

/// How a term is bought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TermKind {
    /// Pay as you go.
    #[default]
    OnDemand,
    /// A commitment.
    Reserved,
}

/// One part of a term's price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dimension {
    /// `Hrs`, `GB-Mo`, `Quantity` (once), ...
    pub unit: String,
    /// Lower end of the tier in the unit; `0` for flat prices.
    pub begin: String,
    /// Upper end, or `Inf`.
    pub end: String,
    /// Decimal price per unit in dollars, or in yuan in China.
    pub amount: String,
    /// `USD` or `CNY`.
    pub currency: String,
}

/// One way to buy a product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Term {
    /// On demand or reserved.
    pub kind: TermKind,
    /// Since when it holds.
    pub effective: String,
    /// `1yr` or `3yr`, when reserved.
    pub lease: String,
    /// `standard` or `convertible`, when reserved.
    pub class: String,
    /// `No Upfront`, `Partial Upfront` or `All Upfront`, when reserved.
    pub option: String,
    /// The price, part by part.
    pub dimensions: Vec<Dimension>,
}

impl Term {
    fn clear(&mut self) {
        for text in [&mut self.effective, &mut self.lease, &mut self.class, &mut self.option] {
            text.clear();
        }
        self.dimensions.clear();
    }
}

/// Reads a string into a buffer that is used again; anything that is not a string, or is too long, leaves it empty.
pub struct Text<'a>(pub &'a mut String);

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }
    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.clear();
        if text.len() <= TEXT_BYTES_MAX {
            self.0.push_str(text);
        }
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// A key, mapped to something small without keeping its text.
pub struct Key<F>(pub F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Key<F> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Key<F> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E>(self, key: &str) -> Result<T, E> {
        Ok((self.0)(key))
    }
}

/// An object, entry by entry: `on` gets the open map after each key and must take the value.
macro_rules! object_seed {
    ($name:ident, $target:ty, $what:literal, $read:expr) => {
        #[doc = concat!("Reads ", $what, ".")]
        pub struct $name<'a>(pub &'a mut $target);

        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_map(self)
            }
        }

        impl<'de> Visitor<'de> for $name<'_> {
            type Value = ();
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($what)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
                let read: fn(&mut $target, A) -> Result<(), A::Error> = $read;
                read(self.0, map)
            }
        }
    };
}

object_seed!(ProductSeed, Product, "a product", |product, mut map| {
    product.clear();
    while let Some(field) = map.next_key_seed(Key(ProductField::of))? {
        match field {
            ProductField::Sku => map.next_value_seed(Text(&mut product.sku))?,
            ProductField::Family => map.next_value_seed(Text(&mut product.family))?,
            ProductField::Attributes => map.next_value_seed(AttributesSeed(product))?,
            ProductField::Other => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

enum ProductField {
    Sku,
    Family,
    Attributes,
    Other,
}

impl ProductField {
    fn of(key: &str) -> Self {
        match key {
            "sku" => Self::Sku,
            "productFamily" => Self::Family,
            "attributes" => Self::Attributes,
            _ => Self::Other,
        }
    }
}

object_seed!(AttributesSeed, Product, "attributes of a product", |product, mut map| {
    while let Some(attr) = map.next_key_seed(Key(Attr::of))? {
        match attr {
            Some(attr) => map.next_value_seed(Text(&mut product.attrs[attr as usize]))?,
            None => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

object_seed!(TermSeed, Term, "a term", |term, mut map| {
    term.clear();
    while let Some(field) = map.next_key_seed(Key(TermField::of))? {
        match field {
            TermField::Effective => map.next_value_seed(Text(&mut term.effective))?,
            TermField::Attributes => map.next_value_seed(TermAttributesSeed(term))?,
            TermField::Dimensions => map.next_value_seed(DimensionsSeed(&mut term.dimensions))?,
            TermField::Other => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

enum TermField {
    Effective,
    Attributes,
    Dimensions,
    Other,
}

impl TermField {
    fn of(key: &str) -> Self {
        match key {
            "effectiveDate" => Self::Effective,
            "termAttributes" => Self::Attributes,
            "priceDimensions" => Self::Dimensions,
            _ => Self::Other,
        }
    }
}

object_seed!(TermAttributesSeed, Term, "attributes of a term", |term, mut map| {
    while let Some(field) = map.next_key_seed(Key(|key: &str| match key {
        "LeaseContractLength" => 1,
        "OfferingClass" => 2,
        "PurchaseOption" => 3,
        _ => 0,
    }))? {
        match field {
            1 => map.next_value_seed(Text(&mut term.lease))?,
            2 => map.next_value_seed(Text(&mut term.class))?,
            3 => map.next_value_seed(Text(&mut term.option))?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

object_seed!(DimensionsSeed, Vec<Dimension>, "price dimensions by rate code", |dimensions, mut map| {
    while map.next_key::<IgnoredAny>()?.is_some() {
        if dimensions.len() >= DIMENSIONS_MAX {
            return Err(serde::de::Error::custom(format_args!("a term has more than {DIMENSIONS_MAX} prices")));
        }
        let mut dimension = Dimension::default();
        map.next_value_seed(DimensionSeed(&mut dimension))?;
        dimensions.push(dimension);
    }
    Ok(())
});

object_seed!(DimensionSeed, Dimension, "a price dimension", |dimension, mut map| {
    while let Some(field) = map.next_key_seed(Key(|key: &str| match key {
        "unit" => 1,
        "beginRange" => 2,
        "endRange" => 3,
        "pricePerUnit" => 4,
        _ => 0,
    }))? {
        match field {
            1 => map.next_value_seed(Text(&mut dimension.unit))?,
            2 => map.next_value_seed(Text(&mut dimension.begin))?,
            3 => map.next_value_seed(Text(&mut dimension.end))?,
            4 => map.next_value_seed(AmountSeed(dimension))?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

object_seed!(AmountSeed, Dimension, "a price per unit by currency", |dimension, mut map| {
    while let Some(currency) = map.next_key_seed(Key(|key: &str| match key {
        "USD" => Some("USD"),
        "CNY" => Some("CNY"),
        _ => None,
    }))? {
        match currency {
            // Dollars win where both are stated.
            Some(currency) if dimension.currency != "USD" => {
                dimension.currency.clear();
                dimension.currency.push_str(currency);
                map.next_value_seed(Text(&mut dimension.amount))?;
            }
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

/// Terms of one product by term code, as the Query API writes them.
pub struct TermsMapSeed<'a> {
    /// On demand or reserved.
    pub kind: TermKind,
    /// Where they are added.
    pub terms: &'a mut Vec<Term>,
}

impl<'de> DeserializeSeed<'de> for TermsMapSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TermsMapSeed<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("terms by term code")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            let mut term = Term { kind: self.kind, ..Term::default() };
            map.next_value_seed(TermSeed(&mut term))?;
            self.terms.push(term);
        }
        Ok(())
    }
}
