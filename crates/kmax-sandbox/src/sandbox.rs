//! The account as a whole: what it answers, and what others than kmax do to it.

use std::collections::BTreeMap;

use kmax_cloud::{CloudError, Request, Response};
use kmax_model::AutoScalingGroup;

use crate::Fault;
use crate::catalog::describe_instance_types;
use crate::refusal::Refusal;
use crate::seed::Seed;
use crate::state::{AuditEntry, Changes, State};

/// An AWS account in memory. The same requests in the same order give the same answers.
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub(crate) state: State,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new(&Seed::default())
    }
}

impl Sandbox {
    /// Makes an account with what a config names.
    pub fn new(seed: &Seed) -> Self {
        Self { state: seed.plant() }
    }

    /// Makes an account without anything, to be filled from a file.
    pub(crate) fn empty() -> Self {
        Self { state: State::default() }
    }

    /// Adds what a config names and is not there yet; returns what was added.
    pub fn complete(&mut self, seed: &Seed) -> Vec<String> {
        seed.complete(&mut self.state)
    }

    /// Answers a request.
    pub fn call(&mut self, request: &Request) -> Result<Response, CloudError> {
        self.answer(request).map_err(|refusal| refusal.into_error(request.operation()))
    }

    fn answer(&mut self, request: &Request) -> Result<Response, Refusal> {
        let state = &mut self.state;
        Ok(match request {
            Request::GetCallerIdentity(_) => Response::GetCallerIdentity(state.caller_identity()),
            Request::DescribeCluster(r) => Response::DescribeCluster(state.describe_cluster(r)?),
            Request::GetInstanceProfile(r) => {
                Response::GetInstanceProfile(state.instance_profile(r)?)
            }
            Request::GetParameters(r) => Response::GetParameters(state.get_parameters(r)?),
            Request::DescribeSubnets(r) => Response::DescribeSubnets(state.describe_subnets(r)?),
            Request::DescribeSecurityGroups(r) => {
                Response::DescribeSecurityGroups(state.describe_security_groups(r)?)
            }
            Request::DescribeImages(r) => Response::DescribeImages(state.describe_images(r)?),
            Request::DescribeInstanceTypes(r) => {
                Response::DescribeInstanceTypes(describe_instance_types(r)?)
            }
            Request::DescribeInstanceTypeOfferings(r) => {
                Response::DescribeInstanceTypeOfferings(state.describe_instance_type_offerings(r)?)
            }
            Request::DescribeInstances(r) => {
                Response::DescribeInstances(state.describe_instances(r)?)
            }
            Request::DescribeLaunchTemplates(r) => {
                Response::DescribeLaunchTemplates(state.describe_launch_templates(r)?)
            }
            Request::DescribeLaunchTemplateVersions(r) => {
                let versions = state.describe_launch_template_versions(r)?;
                Response::DescribeLaunchTemplateVersions(versions)
            }
            Request::CreateLaunchTemplate(r) => {
                Response::CreateLaunchTemplate(state.create_launch_template(r)?)
            }
            Request::CreateLaunchTemplateVersion(r) => {
                Response::CreateLaunchTemplateVersion(state.create_launch_template_version(r)?)
            }
            Request::ModifyLaunchTemplate(r) => {
                Response::ModifyLaunchTemplate(state.modify_launch_template(r)?)
            }
            Request::DeleteLaunchTemplate(r) => {
                state.delete_launch_template(r)?;
                Response::DeleteLaunchTemplate(())
            }
            Request::DeleteLaunchTemplateVersions(r) => {
                Response::DeleteLaunchTemplateVersions(state.delete_launch_template_versions(r)?)
            }
            Request::CreateTags(r) => {
                state.create_tags(r)?;
                Response::CreateTags(())
            }
            Request::DescribeAutoScalingGroups(r) => {
                Response::DescribeAutoScalingGroups(state.describe_auto_scaling_groups(r)?)
            }
            Request::CreateAutoScalingGroup(r) => {
                state.create_auto_scaling_group(r)?;
                Response::CreateAutoScalingGroup(())
            }
            Request::UpdateAutoScalingGroup(r) => {
                state.update_auto_scaling_group(r, "autoscaling:UpdateAutoScalingGroup")?;
                Response::UpdateAutoScalingGroup(())
            }
            Request::DeleteAutoScalingGroup(r) => {
                state.delete_auto_scaling_group(r)?;
                Response::DeleteAutoScalingGroup(())
            }
            Request::CreateOrUpdateTags(r) => {
                state.create_or_update_tags(r)?;
                Response::CreateOrUpdateTags(())
            }
            Request::DeleteGroupTags(r) => {
                state.delete_group_tags(r)?;
                Response::DeleteGroupTags(())
            }
            Request::SuspendProcesses(r) => {
                state.suspend_processes(r)?;
                Response::SuspendProcesses(())
            }
        })
    }

    /// Hides what is new from the next so many reads; 0 ends it.
    pub fn set_delay(&mut self, reads: u32) {
        self.state.meta.delay = reads;
        if reads == 0 {
            self.state.settle_delays();
        }
    }

    /// Lets time pass: delays end, old instances are replaced, what is over is forgotten.
    pub fn age(&mut self, seconds: u64) {
        self.state.pass_time(seconds);
    }

    /// Makes the next AMI release the recommended one. Returns its date; none where no later one
    /// is known.
    pub fn release_amis(&mut self) -> Option<&'static str> {
        self.state.release_amis()
    }

    /// Orders a fault.
    pub fn add_fault(&mut self, fault: Fault) {
        let number = self.state.count();
        self.state.faults.insert(format!("{number:010}"), fault);
    }

    /// Returns the faults that are still to come.
    pub fn faults(&self) -> Vec<Fault> {
        self.state.faults.values().cloned().collect()
    }

    /// Takes back all faults.
    pub fn clear_faults(&mut self) {
        self.state.faults.clear();
    }

    /// Returns what happened beside the answers, in order.
    pub fn audit_log(&self) -> Vec<AuditEntry> {
        self.state.audit.values().cloned().collect()
    }

    /// Returns all groups as they are, without a read that anything counts.
    pub fn groups(&self) -> BTreeMap<String, AutoScalingGroup> {
        self.state.groups.iter().map(|(name, row)| (name.clone(), row.group.clone())).collect()
    }

    /// Returns everything there is as JSON: two accounts are the same where this is.
    pub fn dump(&self) -> serde_json::Value {
        serde_json::to_value(self.state.whole()).unwrap_or_default()
    }

    pub(crate) fn take_changes(&mut self) -> Changes {
        self.state.take_changes()
    }
}
