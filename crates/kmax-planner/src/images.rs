//! Which image a pool boots, by SSM's public parameters.

use std::collections::BTreeMap;

use kmax_config::{Ami, AmiFamily};
use kmax_model::Arch;

/// The parameter path of AL2023's standard images (EKS user guide, "Retrieve recommended AL2023 AMI IDs").
fn al2023(minor: &str, arch: Arch) -> String {
    format!("/aws/service/eks/optimized-ami/{minor}/amazon-linux-2023/{arch}/standard")
}

/// Splits a release such as `1.34.2-20260801` into minor and date.
fn split_release(release: &str) -> Option<(String, &str)> {
    let (version, date) = release.split_once('-')?;
    let mut numbers = version.split('.');
    let (major, minor) = (numbers.next()?, numbers.next()?);
    Some((format!("{major}.{minor}"), date))
}

/// Returns the SSM parameters that tell a pool's image, none where the config names it by id.
///
/// The first is the image's id, the second, where there is one, its release.
pub fn image_parameters(ami: &Ami, arch: Arch, minor: &str) -> Vec<String> {
    if ami.id.is_some() {
        return Vec::new();
    }
    match ami.family {
        AmiFamily::Al2023 => match ami.release.as_deref().and_then(split_release) {
            Some((minor, date)) => {
                let path = al2023(&minor, arch);
                vec![format!(
                    "{path}/amazon-eks-node-al2023-{arch}-standard-{minor}-v{date}/image_id"
                )]
            }
            None => {
                let path = al2023(minor, arch);
                vec![
                    format!("{path}/recommended/image_id"),
                    format!("{path}/recommended/release_version"),
                ]
            }
        },
        AmiFamily::Bottlerocket
        | AmiFamily::Al2
        | AmiFamily::Ubuntu2204
        | AmiFamily::Ubuntu2404 => Vec::new(),
    }
}

/// An image that SSM offers now.
pub(crate) struct Offered {
    pub(crate) id: String,
    pub(crate) release: Option<String>,
}

/// Returns what SSM's parameters say of a pool's image.
pub(crate) fn offered(
    ami: &Ami,
    arch: Arch,
    minor: &str,
    parameters: &BTreeMap<String, String>,
) -> Option<Offered> {
    let names = image_parameters(ami, arch, minor);
    let value = |index: usize| names.get(index).and_then(|name| parameters.get(name)).cloned();
    Some(Offered { id: value(0)?, release: ami.release.clone().or_else(|| value(1)) })
}

/// Returns the release that an AL2023 image's name holds: `1.34-20260801` of
/// `amazon-eks-node-al2023-x86_64-standard-1.34-v20260801`.
pub fn release_of(image_name: &str) -> Option<String> {
    let (rest, date) = image_name.rsplit_once("-v")?;
    let (_, minor) = rest.rsplit_once('-')?;
    Some(format!("{minor}-{date}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ami(release: Option<&str>, id: Option<&str>) -> Ami {
        Ami {
            family: AmiFamily::Al2023,
            release: release.map(str::to_owned),
            id: id.map(str::to_owned),
        }
    }

    #[test]
    fn a_release_has_a_path_of_its_own() {
        let names = image_parameters(&ami(Some("1.34.2-20260801"), None), Arch::Arm64, "1.35");
        assert_eq!(
            names,
            ["/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/arm64/standard/\
              amazon-eks-node-al2023-arm64-standard-1.34-v20260801/image_id"]
        );
        assert!(image_parameters(&ami(None, Some("ami-1")), Arch::X86_64, "1.34").is_empty());
        assert_eq!(image_parameters(&ami(None, None), Arch::X86_64, "1.34").len(), 2);
    }

    #[test]
    fn an_image_name_tells_its_release() {
        let name = "amazon-eks-node-al2023-x86_64-standard-1.34-v20260801";
        assert_eq!(release_of(name).as_deref(), Some("1.34-20260801"));
        assert_eq!(release_of("my-image"), None);
    }
}
