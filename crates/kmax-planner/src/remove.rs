//! What is left of pools that the config no longer names.

use std::collections::BTreeSet;

use kmax_model::fields::Fields;
use kmax_model::{
    Action, Address, AutoScalingGroup, Change, FieldChange, GroupWork, Impact, PoolId, Reason,
    TemplateState, TemplateWork, Work,
};
use serde_json::{Value, json};

fn delete(
    address: Address,
    pool: &PoolId,
    impact: Impact,
    observed: Fields,
    depends_on: BTreeSet<Address>,
    work: Work,
) -> Change {
    // The whole object goes; its id or name stands for it.
    let fields = vec![FieldChange {
        path: "name".to_owned(),
        before: json!(address.name),
        after: Value::Null,
        base: None,
        reason: Reason::Removed,
    }];
    let digest = Change::digest_of(&address, Action::Delete, &depends_on, &fields);
    Change {
        address,
        pool: pool.clone(),
        action: Action::Delete,
        reason: Reason::Removed,
        impact,
        fields,
        observed,
        depends_on,
        digest,
        work,
    }
}

/// Makes the removal of a group.
pub(crate) fn delete_group(pool: &PoolId, group: &AutoScalingGroup) -> Change {
    let terminates = group.running();
    delete(
        Address::auto_scaling_group(&group.name),
        pool,
        Impact { terminates, ..Impact::default() },
        group.fields(),
        BTreeSet::new(),
        Work::Group(Box::new(GroupWork::Delete)),
    )
}

/// Makes the removal of a template, after its group's.
pub(crate) fn delete_template(pool: &PoolId, state: &TemplateState, has_group: bool) -> Change {
    let template = &state.template;
    let group = Address::auto_scaling_group(&template.name);
    delete(
        Address::launch_template(&template.name),
        pool,
        Impact::default(),
        template.fields(),
        has_group.then_some(group).into_iter().collect(),
        Work::Template(TemplateWork::Delete { id: template.id.clone() }),
    )
}
