//! Specs: what instance types a pool may use.

use std::fmt;
use std::str::FromStr;

use kmax_model::{Arch, CapacityType, InstanceType};
use serde::{Serialize, Serializer};
use thiserror::Error;

/// A range of numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Range {
    /// The least.
    pub min: u64,
    /// The greatest.
    pub max: u64,
}

impl Range {
    /// Whether the number is within.
    pub fn contains(self, number: u64) -> bool {
        self.min <= number && number <= self.max
    }

    /// This range with both ends multiplied; none where that is too large for a number.
    fn times(self, factor: u64) -> Option<Self> {
        Some(Self { min: self.min.checked_mul(factor)?, max: self.max.checked_mul(factor)? })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            write!(f, "{}", self.min)
        } else {
            write!(f, "{}..{}", self.min, self.max)
        }
    }
}

/// What is wrong with the text of a range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RangeError {
    /// It is no number and no range.
    #[error("`{0}` is neither a number nor a range")]
    Syntax(String),
    /// Its end is below its beginning.
    #[error("the range `{0}` ends before it begins")]
    Reversed(String),
    /// No machine has so many.
    #[error("`{0}` is too large")]
    TooLarge(String),
    /// It admits zero.
    #[error("`{0}` admits zero")]
    Zero(String),
}

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |part: &str| {
            let part = part.trim();
            if part.is_empty() || !part.chars().all(|c| c.is_ascii_digit()) {
                return Err(RangeError::Syntax(text.to_owned()));
            }
            // No machine has a million vCPUs or GiB.
            part.parse()
                .ok()
                .filter(|number: &u64| *number < 1_000_000)
                .ok_or_else(|| RangeError::TooLarge(text.to_owned()))
        };
        let range = match text.split_once("..") {
            Some((min, max)) => Self { min: number(min)?, max: number(max)? },
            None => {
                let exact = number(text)?;
                Self { min: exact, max: exact }
            }
        };
        if range.min == 0 {
            return Err(RangeError::Zero(text.to_owned()));
        }
        if range.max < range.min {
            return Err(RangeError::Reversed(text.to_owned()));
        }
        Ok(range)
    }
}

/// A choice of instance families: a class as in `c`, with its generation as in `x2`, or a whole
/// family as in `c6gn`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Family(String);

impl Family {
    /// Whether an instance family is among those that this chooses.
    pub fn admits(&self, family: &str) -> bool {
        let wanted = Self::parts(&self.0);
        let (class, generation, _) = Self::parts(family);
        match wanted {
            (wanted_class, "", "") => wanted_class == class,
            (wanted_class, wanted_generation, "") => {
                (wanted_class, wanted_generation) == (class, generation)
            }
            (_, _, _) => self.0 == family,
        }
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Letters, the digits behind them, and the rest.
    fn parts(family: &str) -> (&str, &str, &str) {
        let class_end = family.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(family.len());
        let (class, rest) = family.split_at(class_end);
        let generation_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (generation, rest) = rest.split_at(generation_end);
        (class, generation, rest)
    }
}

impl FromStr for Family {
    type Err = FamilyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
        let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if starts && text.chars().all(valid) {
            Ok(Self(text.to_owned()))
        } else {
            Err(FamilyError(text.to_owned()))
        }
    }
}

/// A family is not written as EC2 writes it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not an instance family")]
pub struct FamilyError(pub String);

impl Serialize for Family {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// What instance types a pool may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Spec {
    /// Types of a size.
    Sized {
        /// vCPUs.
        vcpus: Range,
        /// Memory, MiB.
        memory_mib: Range,
        /// Families; without them any but those of special make.
        families: Option<Vec<Family>>,
        /// Types that are left out, sorted.
        exclude: Vec<String>,
    },
    /// Types by name, in the order written.
    Types(Vec<String>),
}

/// Why a spec leaves an instance type out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Exclusion {
    /// It is another architecture's.
    #[error("not {0}")]
    Arch(Arch),
    /// It is not sold as spot, or not on demand.
    #[error("not sold as {0}")]
    CapacityType(CapacityType),
    /// It has fewer or more vCPUs.
    #[error("{0} {what}", what = if *.0 == 1 { "vCPU" } else { "vCPUs" })]
    Vcpus(u32),
    /// It has less or more memory.
    #[error("{0} MiB of memory")]
    Memory(u64),
    /// The spec does not name its family.
    #[error("of family {0}")]
    Family(String),
    /// The spec does not name it.
    #[error("not named")]
    NotNamed,
    /// The spec excludes it.
    #[error("excluded by name")]
    Excluded,
    /// It is bare metal, and no family asks for it.
    #[error("bare metal")]
    BareMetal,
    /// It is burstable, and no family asks for it.
    #[error("burstable")]
    Burstable,
    /// It has accelerators, and no family asks for it.
    #[error("accelerated")]
    Accelerated,
    /// It is of a family of special make, and no family asks for it.
    #[error("of special make ({0})")]
    Special(String),
}

/// Classes of families that only a family in the spec brings in: burstable, Mac, high performance
/// computing, high memory.
const SPECIAL_CLASSES: [&str; 4] = ["t", "mac", "hpc", "u"];

/// Classes of accelerated families. Some of their types have a part of an accelerator only, which
/// counts as none.
const ACCELERATED_CLASSES: [&str; 8] = ["dl", "f", "g", "gr", "inf", "p", "trn", "vt"];

/// The memory that a spec takes above its name: a quarter more.
fn a_little_more(mib: u64) -> u64 {
    mib + mib / 4
}

impl Spec {
    /// The spec that a name stands for by itself: `NcMg`, `small`, `medium` or `large`.
    pub fn builtin(name: &str) -> Option<Self> {
        let class = |class: &str| Some(vec![Family(class.to_owned())]);
        match name {
            "small" => Self::of_size(2, 4, class("c")),
            "medium" => Self::of_size(4, 8, class("c")),
            "large" => Self::of_size(8, 16, class("c")),
            _ => {
                let (vcpus, memory) = name.split_once('c')?;
                let memory_gib = memory.strip_suffix('g')?;
                Self::of_size(plain_number(vcpus)?, plain_number(memory_gib)?, None)
            }
        }
    }

    /// Names of the specs that stand for themselves, for suggestions.
    pub(crate) const NAMED: [&'static str; 3] = ["small", "medium", "large"];

    fn of_size(vcpus: u64, memory_gib: u64, families: Option<Vec<Family>>) -> Option<Self> {
        let mib = memory_gib.checked_mul(1024)?;
        Some(Self::Sized {
            vcpus: Range { min: vcpus, max: vcpus },
            memory_mib: Range { min: mib, max: a_little_more(mib) },
            families,
            exclude: Vec::new(),
        })
    }

    /// The spec of these ranges.
    pub(crate) fn sized(
        vcpus: Range,
        memory_gib: Range,
        families: Option<Vec<Family>>,
        mut exclude: Vec<String>,
    ) -> Option<Self> {
        exclude.sort();
        Some(Self::Sized { vcpus, memory_mib: memory_gib.times(1024)?, families, exclude })
    }

    /// The spec as one line of text. Two specs that mean the same have the same text; `kmax.lock`
    /// keeps it to tell an entry that no longer fits.
    pub fn definition(&self) -> String {
        match self {
            Self::Sized { vcpus, memory_mib, families, exclude } => {
                let mut text = format!("vcpus={vcpus} memory_mib={memory_mib}");
                if let Some(families) = families {
                    let mut names: Vec<_> = families.iter().map(Family::as_str).collect();
                    names.sort_unstable();
                    text.push_str(&format!(" families={}", names.join(",")));
                }
                if !exclude.is_empty() {
                    text.push_str(&format!(" exclude={}", exclude.join(",")));
                }
                text
            }
            Self::Types(types) => format!("types={}", types.join(",")),
        }
    }

    /// Whether the spec takes an instance type for a pool of this architecture and capacity type.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn admits(
        &self,
        instance_type: &InstanceType,
        arch: Arch,
        capacity_type: CapacityType,
    ) -> Result<(), Exclusion> {
        match self {
            Self::Types(types) => {
                if !types.contains(&instance_type.name) {
                    return Err(Exclusion::NotNamed);
                }
            }
            Self::Sized { vcpus, memory_mib, families, exclude } => {
                if !vcpus.contains(u64::from(instance_type.vcpus)) {
                    return Err(Exclusion::Vcpus(instance_type.vcpus));
                }
                if !memory_mib.contains(instance_type.memory_mib) {
                    return Err(Exclusion::Memory(instance_type.memory_mib));
                }
                if exclude.contains(&instance_type.name) {
                    return Err(Exclusion::Excluded);
                }
                admits_family(families.as_deref(), instance_type)?;
            }
        }
        if !instance_type.architectures.contains(arch.as_str()) {
            return Err(Exclusion::Arch(arch));
        }
        let usage_class = match capacity_type {
            CapacityType::Spot => "spot",
            CapacityType::OnDemand => "on-demand",
        };
        if !instance_type.usage_classes.contains(usage_class) {
            return Err(Exclusion::CapacityType(capacity_type));
        }
        Ok(())
    }
}

/// Whether a sized spec takes a type of this family. What is of special make comes in only where a
/// family names it; bare metal has no family of its own and stays out.
fn admits_family(
    families: Option<&[Family]>,
    instance_type: &InstanceType,
) -> Result<(), Exclusion> {
    if instance_type.bare_metal {
        return Err(Exclusion::BareMetal);
    }
    let family = instance_type.family();
    if let Some(families) = families {
        return if families.iter().any(|wanted| wanted.admits(family)) {
            Ok(())
        } else {
            Err(Exclusion::Family(family.to_owned()))
        };
    }
    let (class, _, _) = Family::parts(family);
    if instance_type.burstable || class == "t" {
        Err(Exclusion::Burstable)
    } else if instance_type.accelerators > 0 || ACCELERATED_CLASSES.contains(&class) {
        Err(Exclusion::Accelerated)
    } else if SPECIAL_CLASSES.contains(&class) {
        Err(Exclusion::Special(class.to_owned()))
    } else {
        Ok(())
    }
}

/// A number without sign or leading zeros, as spec names have it.
fn plain_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    (digits && !text.starts_with('0')).then(|| text.parse().ok()).flatten().filter(|n| *n < 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance_type(name: &str, vcpus: u32, memory_mib: u64) -> InstanceType {
        InstanceType {
            name: name.into(),
            vcpus,
            memory_mib,
            architectures: ["x86_64".to_owned()].into(),
            usage_classes: ["spot".to_owned(), "on-demand".to_owned()].into(),
            ..InstanceType::default()
        }
    }

    fn spec(name: &str) -> Spec {
        Spec::builtin(name).expect("a builtin spec")
    }

    #[test]
    fn reads_the_grammar() {
        assert_eq!(spec("8c64g").definition(), "vcpus=8 memory_mib=65536..81920");
        assert_eq!(spec("small").definition(), "vcpus=2 memory_mib=4096..5120 families=c");
        assert_eq!(spec("large").definition(), "vcpus=8 memory_mib=16384..20480 families=c");
        for name in
            ["", "8c", "c8g", "08c64g", "8C64G", "8c64", "8c64gb", "0c1g", "8c-1g", "8c6.5g"]
        {
            assert_eq!(Spec::builtin(name), None, "{name}");
        }
        assert_eq!(Spec::builtin("99999999999999999999c1g"), None);
    }

    #[test]
    fn ranges_say_what_is_wrong() {
        assert_eq!("8..16".parse(), Ok(Range { min: 8, max: 16 }));
        assert_eq!(" 8 ".parse(), Ok(Range { min: 8, max: 8 }));
        assert_eq!("16..8".parse::<Range>(), Err(RangeError::Reversed("16..8".into())));
        assert_eq!("0..8".parse::<Range>(), Err(RangeError::Zero("0..8".into())));
        assert_eq!("8..".parse::<Range>(), Err(RangeError::Syntax("8..".into())));
        assert_eq!("8-16".parse::<Range>(), Err(RangeError::Syntax("8-16".into())));
        assert_eq!("1000000".parse::<Range>(), Err(RangeError::TooLarge("1000000".into())));
    }

    #[test]
    fn a_family_is_a_class_a_generation_or_itself() {
        let admits =
            |wanted: &str, family: &str| wanted.parse::<Family>().expect("a family").admits(family);
        assert!(admits("c", "c5") && admits("c", "c7gn") && admits("c", "c7i-flex"));
        assert!(!admits("c", "cr1") && !admits("i", "inf1") && !admits("r", "g5"));
        assert!(admits("x2", "x2idn") && !admits("x2", "x1e") && !admits("x2", "x8g"));
        assert!(admits("c6gn", "c6gn") && !admits("c6gn", "c6g"));
        assert!("C5".parse::<Family>().is_err() && "5c".parse::<Family>().is_err());
    }

    #[test]
    fn takes_what_fits_and_says_why_not() {
        let (arch, spot) = (Arch::X86_64, CapacityType::Spot);
        let wanted = spec("8c64g");
        let fits = instance_type("r5.2xlarge", 8, 65536);
        assert_eq!(wanted.admits(&fits, arch, spot), Ok(()));
        assert_eq!(wanted.admits(&fits, Arch::Arm64, spot), Err(Exclusion::Arch(Arch::Arm64)));
        let more = instance_type("x1.big", 8, 81921);
        assert_eq!(wanted.admits(&more, arch, spot), Err(Exclusion::Memory(81921)));
        let burstable = instance_type("t8i.odd", 8, 65536);
        assert_eq!(wanted.admits(&burstable, arch, spot), Err(Exclusion::Burstable));
        let part = instance_type("gr6f.4xlarge", 8, 65536);
        assert_eq!(wanted.admits(&part, arch, spot), Err(Exclusion::Accelerated));
        let mut metal = fits.clone();
        metal.bare_metal = true;
        assert_eq!(wanted.admits(&metal, arch, spot), Err(Exclusion::BareMetal));
        let mut on_demand = fits.clone();
        on_demand.usage_classes = ["on-demand".to_owned()].into();
        assert_eq!(wanted.admits(&on_demand, arch, spot), Err(Exclusion::CapacityType(spot)));
        let by_name = Spec::Types(vec!["g5.2xlarge".into()]);
        assert_eq!(by_name.admits(&fits, arch, spot), Err(Exclusion::NotNamed));
    }
}
