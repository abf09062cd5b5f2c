//! User data of Amazon Linux 2023: golden, read back, and whatever else may come.

use std::collections::{BTreeMap, BTreeSet};

use kmax_bootstrap::{
    Al2023, ClusterFacts, Family, KubeletSettings, NodeSpec, Taint, TaintEffect, decode,
    decode_base64, diff_parts,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

fn cluster() -> ClusterFacts {
    ClusterFacts {
        name: "adx-prod".to_owned(),
        endpoint: "https://0123456789ABCDEF.gr7.us-east-1.eks.amazonaws.com".to_owned(),
        certificate_authority: "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==".to_owned(),
        service_cidr: "10.100.0.0/16".to_owned(),
    }
}

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn full() -> NodeSpec {
    NodeSpec {
        cluster: cluster(),
        cluster_dns: vec!["10.100.0.10".to_owned()],
        labels: map(&[
            ("node.spotmax/type", "spot"),
            ("node.spotmax/team", "dsp"),
            ("node.spotmax/spec", "8c64g"),
            ("node.spotmax/name", "dsp-8c64g-kmax"),
        ]),
        taints: vec![
            Taint {
                key: "dedicated".to_owned(),
                value: "dsp".to_owned(),
                effect: TaintEffect::NoSchedule,
            },
            Taint {
                key: "example.com/slow".to_owned(),
                value: String::new(),
                effect: TaintEffect::PreferNoSchedule,
            },
        ],
        kubelet: KubeletSettings {
            max_pods: Some(110),
            kube_reserved: map(&[("cpu", "90m"), ("memory", "893Mi")]),
            system_reserved: map(&[("cpu", "1")]),
            eviction_hard: map(&[("memory.available", "100Mi"), ("nodefs.available", "10%")]),
        },
    }
}

fn rendered(spec: &NodeSpec) -> String {
    String::from_utf8(Al2023.render(spec).unwrap().bytes().to_vec()).unwrap()
}

#[test]
fn renders_everything() {
    insta::assert_snapshot!(rendered(&full()), @r#"
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary="==kmax-part=="

    --==kmax-part==
    Content-Type: application/node.eks.aws

    apiVersion: node.eks.aws/v1alpha1
    kind: NodeConfig
    spec:
      cluster:
        name: "adx-prod"
        apiServerEndpoint: "https://0123456789ABCDEF.gr7.us-east-1.eks.amazonaws.com"
        certificateAuthority: "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="
        cidr: "10.100.0.0/16"
      kubelet:
        config:
          maxPods: 110
          kubeReserved:
            cpu: "90m"
            memory: "893Mi"
          systemReserved:
            cpu: "1"
          evictionHard:
            memory.available: "100Mi"
            nodefs.available: "10%"
          clusterDNS:
            - "10.100.0.10"
          registerWithTaints:
            - key: "dedicated"
              value: "dsp"
              effect: NoSchedule
            - key: "example.com/slow"
              value: ""
              effect: PreferNoSchedule
        flags:
          - "--node-labels=node.spotmax/name=dsp-8c64g-kmax,node.spotmax/spec=8c64g,node.spotmax/team=dsp,node.spotmax/type=spot"

    --==kmax-part==--
    "#);
}

#[test]
fn renders_the_least() {
    let spec = NodeSpec { cluster: cluster(), ..NodeSpec::default() };
    insta::assert_snapshot!(rendered(&spec), @r#"
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary="==kmax-part=="

    --==kmax-part==
    Content-Type: application/node.eks.aws

    apiVersion: node.eks.aws/v1alpha1
    kind: NodeConfig
    spec:
      cluster:
        name: "adx-prod"
        apiServerEndpoint: "https://0123456789ABCDEF.gr7.us-east-1.eks.amazonaws.com"
        certificateAuthority: "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="
        cidr: "10.100.0.0/16"

    --==kmax-part==--
    "#);
}

#[test]
fn the_message_starts_at_once_and_is_closed() {
    let text = rendered(&full());
    assert!(text.starts_with("MIME-Version: 1.0\n"));
    assert!(text.ends_with("\n--==kmax-part==--\n"));
}

#[test]
fn parts_are_those_that_decoding_finds() {
    let user_data = Al2023.render(&full()).unwrap();
    assert_eq!(decode(user_data.bytes()).unwrap(), user_data.parts());
    assert_eq!(decode_base64(&user_data.base64()).unwrap(), user_data.parts());
    let names: Vec<&str> = user_data.parts().iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["node-config"]);

    let fewer = NodeSpec { taints: Vec::new(), ..full() };
    let changes = diff_parts(user_data.parts(), Al2023.render(&fewer).unwrap().parts());
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].name, "node-config");
}

#[test]
fn reads_what_eks_writes_for_a_nodegroup() {
    let text = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n\n--//\n\
        Content-Type: application/node.eks.aws\n\n---\napiVersion: node.eks.aws/v1alpha1\n\
        kind: NodeConfig\nspec:\n  cluster:\n    apiServerEndpoint: https://x.example\n    \
        certificateAuthority: QUJD\n    cidr: 172.20.0.0/16\n    name: adx-prod\n  kubelet:\n    \
        config:\n      maxPods: 58\n      clusterDNS:\n      - 172.20.0.10\n    flags:\n    \
        - --node-labels=eks.amazonaws.com/nodegroup=example,a=b\n\n--//--\n";
    let spec = Al2023.parse(text.as_bytes()).unwrap();
    assert_eq!(spec.cluster.name, "adx-prod");
    assert_eq!(spec.cluster_dns, ["172.20.0.10"]);
    assert_eq!(spec.kubelet.max_pods, Some(58));
    assert_eq!(spec.labels, map(&[("a", "b"), ("eks.amazonaws.com/nodegroup", "example")]));
}

#[test]
fn says_what_is_foreign() {
    let config = |spec: &str| {
        format!(
            "apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster:\n    name: a\n    \
             apiServerEndpoint: https://x\n    certificateAuthority: QUJD\n    cidr: 10.0.0.0/16\n{spec}"
        )
    };
    let two_parts = "Content-Type: multipart/mixed; boundary=x\n\n--x\n\
        Content-Type: application/node.eks.aws\n\na: 1\n--x\nContent-Type: text/x-shellscript\n\n\
        #!/bin/sh\n--x--\n";
    let cases = [
        (
            "#!/bin/bash\n/etc/eks/bootstrap.sh x\n".to_owned(),
            "there is no NodeConfig in the user data, only `script` (text/x-shellscript)",
        ),
        (String::new(), "there is no NodeConfig in the user data, only nothing"),
        (two_parts.to_owned(), "part `script` (text/x-shellscript) is not one that kmax wrote"),
        (
            config("  instance:\n    localStorage:\n      strategy: RAID0\n"),
            "the NodeConfig sets `spec.instance`, which is not a field that kmax writes",
        ),
        (
            config("  kubelet:\n    config:\n      shutdownGracePeriod: 30s\n"),
            "the NodeConfig sets `spec.kubelet.config.shutdownGracePeriod`, which is not a field \
             that kmax writes",
        ),
        (
            config("  kubelet:\n    flags: [\"--v=4\"]\n"),
            "the NodeConfig sets `spec.kubelet.flags[0]: --v=4`, which is not a field that kmax \
             writes",
        ),
        (
            config("  kubelet:\n    config:\n      maxPods: many\n"),
            "the NodeConfig's `spec.kubelet.config.maxPods` is not a number of pods",
        ),
        (
            config(
                "  kubelet:\n    config:\n      registerWithTaints:\n      - key: a\n        effect: Never\n",
            ),
            "the NodeConfig's `spec.kubelet.config.registerWithTaints[0].effect` is `Never`, not an \
             effect of taints",
        ),
        (
            config("  kubelet:\n    flags:\n    - --node-labels=a\n"),
            "the NodeConfig's `spec.kubelet.flags[0]` has the label `a`, not a key=value",
        ),
        (
            "apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster:\n    name: a\n"
                .to_owned(),
            "the NodeConfig's `spec.cluster.apiServerEndpoint` is missing",
        ),
        (
            "apiVersion: node.eks.aws/v1\nkind: NodeConfig\n".to_owned(),
            "the NodeConfig's `apiVersion` is `node.eks.aws/v1`, not `node.eks.aws/v1alpha1`",
        ),
        (
            config("  kubelet: |\n    x\n"),
            "line 9 of the NodeConfig: `|` is not a value that can be read",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(Al2023.parse(text.as_bytes()).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn refuses_what_no_node_could_boot_with() {
    let error = |change: &dyn Fn(&mut NodeSpec)| {
        let mut spec = full();
        change(&mut spec);
        Al2023.render(&spec).unwrap_err().to_string()
    };
    let label = |key: &str, value: &str| {
        error(&|spec: &mut NodeSpec| {
            spec.labels.insert(key.to_owned(), value.to_owned());
        })
    };
    let cases = [
        (error(&|s| s.cluster.name.clear()), "`cluster.name` is empty"),
        (
            error(&|s| s.cluster.endpoint = "x".to_owned()),
            "`cluster.endpoint` is `x`, not an https URL",
        ),
        (
            error(&|s| s.cluster.certificate_authority = "-----BEGIN".to_owned()),
            "`cluster.certificate_authority` is not base64",
        ),
        (
            error(&|s| s.cluster.service_cidr = "10.0.0.0".to_owned()),
            "`cluster.service_cidr` is `10.0.0.0`, not a CIDR block",
        ),
        (
            error(&|s| s.cluster_dns = vec!["dns".to_owned()]),
            "`cluster_dns` has `dns`, not an IP address",
        ),
        (label("a,b=c", "d"), "`labels.a,b=c` is not a key that Kubernetes takes"),
        (label("Upper.Case/a", "d"), "`labels.Upper.Case/a` is not a key that Kubernetes takes"),
        (
            label("a", "b,c=d"),
            "`labels.a` has the value `b,c=d`, not at most 63 characters of letters, digits, `-`, \
             `_` and `.` that start and end with a letter or digit",
        ),
        (
            error(&|s| s.taints.push(s.taints[0].clone())),
            "`taints.dedicated` is there twice with the effect NoSchedule",
        ),
        (
            error(&|s| s.kubelet.max_pods = Some(0)),
            "`kubelet.max_pods` is not from 1 to 2147483647",
        ),
        (
            error(&|s| s.kubelet.kube_reserved = map(&[("gpu", "1")])),
            "`kubelet.kube_reserved.gpu` is not one of cpu, ephemeral-storage, memory, pid",
        ),
        (
            error(&|s| s.kubelet.system_reserved = map(&[("cpu", "half")])),
            "`kubelet.system_reserved.cpu` is `half`, not a quantity like `500m`, `2` or `1Gi`",
        ),
        (
            error(&|s| s.kubelet.eviction_hard = map(&[("memory.available", "200%")])),
            "`kubelet.eviction_hard.memory.available` is `200%`, not from 0% to 100%",
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(message, expected);
    }
}

#[test]
fn refuses_more_than_ec2_takes() {
    let mut spec = full();
    for n in 0..200 {
        spec.labels.insert(format!("example.com/label-{n}"), "x".repeat(63));
    }
    let error = Al2023.render(&spec).unwrap_err().to_string();
    assert!(error.starts_with("user data has 1"), "{error}");
    assert!(error.contains("its largest part is `node-config` with"), "{error}");
}

fn label_text() -> impl Strategy<Value = String> {
    "[A-Za-z0-9]([-A-Za-z0-9_.]{0,20}[A-Za-z0-9])?"
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        label_text(),
        ("[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?(\\.[a-z0-9]{1,5}){0,2}", label_text())
            .prop_map(|(domain, name)| format!("{domain}/{name}")),
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        label_text(),
        select(vec!["", "true", "null", "0", "1e3", "0x1f", "yes", "1.0"]).prop_map(str::to_owned)
    ]
}

fn quantity() -> impl Strategy<Value = String> {
    ("[0-9]{1,6}(\\.[0-9]{1,3})?", select(vec!["", "m", "k", "Mi", "Gi", "e3"]))
        .prop_map(|(number, suffix)| format!("{number}{suffix}"))
}

fn reserved() -> impl Strategy<Value = BTreeMap<String, String>> {
    let resources = vec!["cpu", "memory", "ephemeral-storage", "pid"];
    btree_map(select(resources).prop_map(str::to_owned), quantity(), 0..4)
}

fn taints() -> impl Strategy<Value = Vec<Taint>> {
    let taint = (key(), value(), select(TaintEffect::ALL.to_vec()));
    vec(taint, 0..4).prop_map(|taints| {
        let mut seen = BTreeSet::new();
        taints
            .into_iter()
            .filter(|(key, _, effect)| seen.insert((key.clone(), *effect)))
            .map(|(key, value, effect)| Taint { key, value, effect })
            .collect()
    })
}

fn kubelet() -> impl Strategy<Value = KubeletSettings> {
    let signals = vec!["memory.available", "nodefs.inodesFree", "pid.available"];
    let threshold = prop_oneof![quantity(), "[0-9]{1,2}(\\.[0-9])?%"];
    (
        proptest::option::of(1..=2_147_483_647_u32),
        reserved(),
        reserved(),
        btree_map(select(signals).prop_map(str::to_owned), threshold, 0..3),
    )
        .prop_map(|(max_pods, kube_reserved, system_reserved, eviction_hard)| {
            KubeletSettings { max_pods, kube_reserved, system_reserved, eviction_hard }
        })
}

fn spec() -> impl Strategy<Value = NodeSpec> {
    let cluster = (
        "[0-9A-Za-z][A-Za-z0-9_-]{0,99}",
        "https://[ -~]{1,60}",
        "([A-Za-z0-9+/]{4}){1,40}",
        select(vec!["10.100.0.0/16", "172.20.0.0/16", "fd12:3456:789a::/108"]),
    )
        .prop_map(|(name, endpoint, certificate_authority, cidr)| ClusterFacts {
            name,
            endpoint,
            certificate_authority,
            service_cidr: cidr.to_owned(),
        });
    let dns = select(vec![vec![], vec!["10.100.0.10".to_owned()], vec!["fd12::a".to_owned()]]);
    (cluster, dns, btree_map(key(), value(), 0..6), taints(), kubelet()).prop_map(
        |(cluster, cluster_dns, labels, taints, kubelet)| NodeSpec {
            cluster,
            cluster_dns,
            labels,
            taints,
            kubelet,
        },
    )
}

proptest! {
    #[test]
    fn reads_back_what_it_rendered(spec in spec()) {
        let user_data = Al2023.render(&spec).unwrap();
        prop_assert_eq!(Al2023.render(&spec).unwrap(), user_data.clone());
        prop_assert_eq!(Al2023.parse(user_data.bytes()).unwrap(), spec);
        prop_assert_eq!(decode(user_data.bytes()).unwrap(), user_data.parts());
    }

    #[test]
    fn takes_any_bytes_without_a_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _ = decode(&bytes);
        let _ = Al2023.parse(&bytes);
    }

    #[test]
    fn takes_broken_user_data_without_a_panic(
        spec in spec(),
        cuts in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        keep in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = Al2023.render(&spec).unwrap().bytes().to_vec();
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = Al2023.parse(&bytes);
        bytes.truncate(keep.index(bytes.len()));
        let _ = decode(&bytes);
        let _ = Al2023.parse(&bytes);
    }
}
