//! Where a cluster's DNS service answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::BootstrapError;
use crate::spec::invalid;

/// Returns the address of the cluster's DNS service by EKS's rule: the tenth address of the service
/// CIDR, `.10` of an IPv4 block (`10.100.0.0/16`: `10.100.0.10`) and `::a` of an IPv6 one
/// (`fd12:3456:789a::/108`: `fd12:3456:789a::a`). It is the rule that nodeadm applies where no
/// `clusterDNS` is given.
pub fn cluster_dns(service_cidr: &str) -> Result<String, BootstrapError> {
    let address = match parse_cidr(service_cidr) {
        Some((IpAddr::V4(network), prefix)) if prefix <= 28 => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Some(IpAddr::V4(Ipv4Addr::from((u32::from(network) & mask) + 10)))
        }
        Some((IpAddr::V6(network), prefix)) if prefix <= 124 => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Some(IpAddr::V6(Ipv6Addr::from((u128::from(network) & mask) + 10)))
        }
        Some((IpAddr::V4(_) | IpAddr::V6(_), _)) | None => None,
    };
    address.map(|address| address.to_string()).ok_or_else(|| {
        invalid(
            "cluster.service_cidr",
            format!("is `{service_cidr}`, not a CIDR block that has a tenth address"),
        )
    })
}

/// Splits `10.100.0.0/16` into its address and the length of its prefix.
pub(crate) fn parse_cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
    let prefix: u8 = prefix.parse().ok().filter(|prefix| digits && *prefix <= longest)?;
    Some((address, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_tenth_address() {
        assert_eq!(cluster_dns("10.100.0.0/16").unwrap(), "10.100.0.10");
        assert_eq!(cluster_dns("172.20.0.0/16").unwrap(), "172.20.0.10");
        assert_eq!(cluster_dns("192.168.16.0/20").unwrap(), "192.168.16.10");
        assert_eq!(cluster_dns("fd12:3456:789a::/108").unwrap(), "fd12:3456:789a::a");
        assert_eq!(cluster_dns("0.0.0.0/0").unwrap(), "0.0.0.10");
    }

    #[test]
    fn refuses_what_is_no_block() {
        for text in ["", "10.100.0.0", "10.100.0.0/33", "10.100.0.0/+16", "10.100.0.0/30", "x/16"] {
            assert!(cluster_dns(text).is_err(), "{text}");
        }
        assert_eq!(
            cluster_dns("10.100.0.0").unwrap_err().to_string(),
            "`cluster.service_cidr` is `10.100.0.0`, not a CIDR block that has a tenth address"
        );
    }
}
