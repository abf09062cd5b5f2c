//! Amazon's AMIs for EKS and the public parameters that name them.

use std::collections::{BTreeMap, BTreeSet};

use kmax_cloud::{Page, ops};
use kmax_model::Image;

use crate::paging::{Paging, page};
use crate::refusal::Refusal;
use crate::state::{State, id_of};

/// The dates of releases. One is recommended, and the one after it is out already.
const RELEASES: [&str; 8] = [
    "20260712", "20260801", "20260821", "20260910", "20260930", "20261020", "20261109", "20261129",
];
/// The minors of Kubernetes that have AMIs, and the patch that the first release holds. The minor
/// of a cluster has AMIs as well, whatever it is.
const MINORS: [(&str, usize); 7] =
    [("1.30", 14), ("1.31", 13), ("1.32", 9), ("1.33", 5), ("1.34", 1), ("1.35", 0), ("1.36", 0)];
/// Architecture and variant.
const VARIANTS: [(&str, &str); 5] = [
    ("x86_64", "standard"),
    ("arm64", "standard"),
    ("x86_64", "nvidia"),
    ("arm64", "nvidia"),
    ("x86_64", "neuron"),
];
const PREFIX: &str = "/aws/service/eks/optimized-ami/";

/// One AMI of one release.
struct Release {
    minor: String,
    arch: &'static str,
    variant: &'static str,
    date: &'static str,
    patch: usize,
}

impl Release {
    fn name(&self) -> String {
        let Self { minor, arch, variant, date, patch: _ } = self;
        format!("amazon-eks-node-al2023-{arch}-{variant}-{minor}-v{date}")
    }

    fn image_id(&self) -> String {
        id_of("ami", &self.name())
    }

    fn version(&self) -> String {
        format!("{}.{}-{}", self.minor, self.patch, self.date)
    }

    fn image(&self) -> Image {
        let (year, rest) = self.date.split_at(4);
        let (month, day) = rest.split_at(2);
        let year: u32 = year.parse().unwrap_or_default();
        Image {
            id: self.image_id(),
            name: self.name(),
            architecture: self.arch.to_owned(),
            state: "available".to_owned(),
            deprecation_time: Some(format!("{}-{month}-{day}T00:00:00.000Z", year + 2)),
        }
    }
}

/// Returns what a release holds for a minor.
fn releases_of(minor: &str, index: usize) -> Vec<Release> {
    let Some(&date) = RELEASES.get(index) else { return Vec::new() };
    let first = MINORS.iter().find(|(name, _)| *name == minor).map_or(0, |(_, patch)| *patch);
    let of = |(arch, variant)| {
        let patch = first + index;
        Release { minor: minor.to_owned(), arch, variant, date, patch }
    };
    VARIANTS.into_iter().map(of).collect()
}

impl State {
    fn minors(&self) -> BTreeSet<String> {
        let known = MINORS.iter().map(|(minor, _)| (*minor).to_owned());
        known.chain(self.clusters.values().map(|cluster| cluster.version.clone())).collect()
    }

    /// Puts the images that are out into the account.
    pub(crate) fn put_images(&mut self) {
        for minor in self.minors() {
            for index in 0..=self.meta.recommended + 1 {
                for release in releases_of(&minor, index) {
                    let id = release.image_id();
                    if !self.images.contains(&id) {
                        self.images.insert(id, release.image());
                    }
                }
            }
        }
    }

    /// Returns the date of the release that is recommended.
    pub(crate) fn recommended_date(&self) -> Option<&'static str> {
        RELEASES.get(self.meta.recommended).copied()
    }

    /// Makes the next release the recommended one; its date, or none where there is no later one.
    pub(crate) fn release_amis(&mut self) -> Option<&'static str> {
        let date = RELEASES.get(self.meta.recommended + 1)?;
        self.meta.recommended += 1;
        self.put_images();
        Some(date)
    }

    /// Returns the image that is recommended for a minor.
    pub(crate) fn recommended(&self, minor: &str, arch: &str) -> Option<String> {
        let found = releases_of(minor, self.meta.recommended);
        let found = found.iter().find(|r| r.arch == arch && r.variant == "standard");
        found.filter(|_| self.minors().contains(minor)).map(Release::image_id)
    }

    /// Returns a parameter's value.
    fn parameter(&self, name: &str) -> Option<String> {
        let parts: Vec<&str> = name.strip_prefix(PREFIX)?.split('/').collect();
        let [minor, "amazon-linux-2023", arch, variant, which, field] = parts.as_slice() else {
            return None;
        };
        if !self.minors().contains(*minor) {
            return None;
        }
        let recommended = self.meta.recommended;
        let found = (0..=recommended + 1)
            .flat_map(|index| releases_of(minor, index).into_iter().map(move |r| (index, r)))
            .filter(|(_, release)| release.arch == *arch && release.variant == *variant)
            .find(|(index, release)| match *which {
                "recommended" => *index == recommended,
                name => release.name() == name,
            });
        let (_, found) = found?;
        match *field {
            "image_id" => Some(found.image_id()),
            "release_version" => Some(found.version()),
            "image_name" => Some(found.name()),
            _ => None,
        }
    }

    pub(crate) fn get_parameters(
        &self,
        input: &ops::GetParameters,
    ) -> Result<BTreeMap<String, String>, Refusal> {
        let names = &input.names;
        if names.is_empty() || names.len() > 10 {
            return Err(Refusal::new(
                "ValidationException",
                "1 validation error detected: Value at 'names' failed to satisfy constraint: \
                 Member must have length between 1 and 10",
            ));
        }
        let distinct: BTreeSet<&String> = names.iter().collect();
        if distinct.len() < names.len() {
            return Err(Refusal::new("ValidationException", "Duplicate parameter names."));
        }
        Ok(names.iter().filter_map(|n| Some((n.clone(), self.parameter(n)?))).collect())
    }

    pub(crate) fn describe_images(
        &self,
        input: &ops::DescribeImages,
    ) -> Result<Page<Image>, Refusal> {
        let ops::DescribeImages { ids, next_token } = input;
        check_filter("image-id", ids.len())?;
        let paging = Paging::ec2("DescribeImages", ids, next_token.as_deref());
        let rows = self.images.iter().filter(|(id, _)| ids.is_empty() || ids.contains(id));
        page(rows.map(|(id, image)| (id.clone(), image)).collect(), &paging)
    }
}

/// Judges the number of values of a filter.
pub(crate) fn check_filter(name: &str, values: usize) -> Result<(), Refusal> {
    if values > 200 {
        return Err(Refusal::new(
            "FilterLimitExceeded",
            format!(
                "The maximum number of filter values specified on a single call is 200 ({name})."
            ),
        ));
    }
    Ok(())
}
