//! The difference between two user data.

use kmax_model::{Plan, TemplateVersionWork, TemplateWork, Work};

use crate::views::plan::Diffs;

/// Returns the difference that each template version still to be made has from the one before it.
pub(crate) fn diffs(plan: &Plan) -> Diffs {
    let mut diffs = Diffs::new();
    for change in &plan.changes {
        let Work::Template(TemplateWork::Update { version, previous_user_data, .. }) = &change.work
        else {
            continue;
        };
        let TemplateVersionWork::Make(data) = version else { continue };
        let Some(after) = &data.user_data else { continue };
        let diff = kmax_planner::user_data_diff(previous_user_data.as_deref(), after);
        if !diff.is_empty() {
            diffs.insert(change.address.clone(), diff.lines().map(str::to_owned).collect());
        }
    }
    diffs
}
