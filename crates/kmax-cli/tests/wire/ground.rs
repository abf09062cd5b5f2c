//! An account on the test server, a config for it, and the binary.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use kmax_testkit::moto::{self, Account, Seeded};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Two pools.
pub(crate) const TWO_POOLS: &str = r#"
[teams.dsp]
tags = { cost-center = "1001" }
[teams.dsp.pools]
8c64g = { max = 60 }
[teams.adn.pools]
small = { capacity_type = "ondemand", max = 10 }
"#;

/// An account with a cluster and a folder with its `kmax.toml`.
pub(crate) struct Ground {
    pub(crate) account: Account,
    pub(crate) seeded: Seeded,
    folder: TempDir,
}

/// What a run of the binary gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Demands an exit code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Returns whether words stand in what was printed, wherever.
    pub(crate) fn said(&self, words: &str) -> bool {
        self.stdout.contains(words) || self.stderr.contains(words)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.stdout, self.stderr))
    }
}

impl Ground {
    /// Seeds an account and writes a config, or says that the layer is left out.
    pub(crate) fn new(body: &str) -> Option<Self> {
        let account = moto::server()?.account();
        let seeded = account.seed(json!({ "cluster": "adx-prod", "version": "1.34" }));
        let folder = tempfile::tempdir().unwrap();
        let ground = Self { account, seeded, folder };
        ground.write(body);
        Some(ground)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the config with these teams.
    pub(crate) fn write(&self, body: &str) {
        let Seeded { account, region, cluster, vpc, subnets, .. } = &self.seeded;
        let subnets: Vec<&String> = subnets.values().collect();
        let text = format!(
            r#"format = 1
[cluster]
name = "{cluster}"
region = "{region}"
account = "{account}"
role = "kmax"
vpc = "{vpc}"
subnets = {subnets:?}
security_groups = ["spotmax-kmax-master-sg"]
[manage]
cluster = "off"
iam = "off"
security_groups = "off"
node_access = "off"
node_labels = "off"
cluster_autoscaler = "off"
metrics_server = "off"
{body}"#
        );
        fs::write(self.folder.path().join("kmax.toml"), text).unwrap();
    }

    /// Runs the binary with nothing in its environment but the way to the account.
    pub(crate) fn kmax(&self, args: &[&str]) -> Run {
        let output: Output = Command::new(env!("CARGO_BIN_EXE_kmax"))
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .envs(self.account.env())
            .output()
            .unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Locks what is new, applies, and demands that the plan is empty then.
    #[track_caller]
    pub(crate) fn converge(&self) {
        self.kmax(&["lock"]).code(0);
        self.kmax(&["apply", "--auto-approve"]).code(0);
        self.assert_converged();
    }

    #[track_caller]
    pub(crate) fn assert_converged(&self) {
        let plan = self.kmax(&["plan", "--json", "--detailed-exitcode"]);
        assert_eq!(plan.code, 0, "changes are left:\n{}\n{}", plan.stdout, plan.stderr);
        self.kmax(&["drift"]).code(0);
    }

    /// Returns the changed fields of a plan: address, path and reason.
    #[track_caller]
    pub(crate) fn planned(&self) -> Vec<String> {
        let plan = self.kmax(&["plan", "--json"]).code(0).json();
        let mut lines = Vec::new();
        for change in plan["changes"].as_array().unwrap() {
            for field in change["fields"].as_array().unwrap() {
                lines.push(format!(
                    "{} {} {}",
                    change["address"].as_str().unwrap(),
                    field["path"].as_str().unwrap(),
                    field["reason"].as_str().unwrap()
                ));
            }
        }
        lines
    }

    /// Makes an AWS call by hand, as a person in the console would.
    #[track_caller]
    pub(crate) fn by_hand(&self, service: &str, operation: &str, params: Value) -> Value {
        self.account
            .call(service, operation, params)
            .unwrap_or_else(|refused| panic!("{operation}: {} {}", refused.code, refused.error))
    }

    /// Returns a group as AWS shows it; null where there is none.
    pub(crate) fn group(&self, name: &str) -> Value {
        let params = json!({ "AutoScalingGroupNames": [name] });
        let answer = self.by_hand("autoscaling", "DescribeAutoScalingGroups", params);
        answer["AutoScalingGroups"].get(0).cloned().unwrap_or(Value::Null)
    }

    /// Returns a template's version as AWS shows it.
    pub(crate) fn version(&self, name: &str, version: &str) -> Value {
        let params = json!({ "LaunchTemplateName": name, "Versions": [version] });
        let mut answer = self.by_hand("ec2", "DescribeLaunchTemplateVersions", params);
        answer["LaunchTemplateVersions"][0].take()
    }
}
