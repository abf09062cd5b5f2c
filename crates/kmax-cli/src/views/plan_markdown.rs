//! A plan as markdown, for pull requests.

use crate::views::line::Line;
use crate::views::markdown::{Markdown, escape_html};
use crate::views::notices::{self, Group};
use crate::views::plan::{PlanView, nodes, objects};
use crate::views::words;

/// The width of text in a fence: a pull request's column.
const WIDTH: usize = 100;
/// So many notices of one rule are shown.
const SHOWN: usize = 20;

impl PlanView<'_> {
    /// Returns the plan as markdown of at most so many bytes.
    pub(crate) fn markdown(&self, max_bytes: usize) -> String {
        let document = self.document;
        let cluster = &document.cluster;
        let mut page = Markdown::new();
        let stack = match cluster.stack.as_str() {
            "main" => String::new(),
            stack => format!(", stack {stack}"),
        };
        page.paragraph(format!(
            "### kmax plan: {}{stack}\n\n{} · {}",
            cluster.name, cluster.account, cluster.region
        ));
        if document.changes.is_empty() {
            let sure = document.complete && document.applyable;
            page.paragraph(if sure { "**No changes.**" } else { "**Nothing is planned.**" });
        } else {
            page.paragraph(format!(
                "**{}.** {}.",
                objects(&document.summary),
                nodes(&document.summary)
            ));
        }
        if !document.changes.is_empty() {
            // What is cut is cut at the end: whoever approves needs this.
            page.paragraph(format!("Digest `{}`", document.plan_digest));
        }
        notices_block(&mut page, "Refused", &document.refusals);
        if !document.unread.is_empty() {
            let unread = document.unread.iter().map(|u| (u.source.as_str(), u.error.as_str()));
            let items = notices::unread_items(unread);
            let text = "**Not read**: what depends on that is not planned.";
            page.paragraph(format!("{text}\n\n{items}"));
        }
        let blocks = self.blocks();
        let rows = blocks.iter().map(|block| {
            let changes: Vec<String> = block
                .changes
                .iter()
                .map(|c| format!("{} {}", c.action.as_str(), kind_words(c.address.kind)))
                .collect();
            [format!("`{}`", block.pool), changes.join(", "), block.headline.words()]
        });
        page.table(["Pool", "Change", "Effect on nodes"], &rows.collect::<Vec<_>>());
        notices_block(&mut page, "Warnings", &document.warnings);
        let mut shape = self.shape();
        shape.width = WIDTH;
        shape.wraps_user_data = false;
        for group in self.groups(&blocks) {
            let [block, others @ ..] = group.as_slice() else { continue };
            let lines = block.lines(&shape);
            // The summary says what the first line says; two columns less are to be read.
            let text: Vec<String> = lines
                .iter()
                .map(Line::text)
                .skip_while(|line| !line.trim_start().starts_with(['+', '~', '-']))
                .map(|line| line.strip_prefix("  ").unwrap_or(&line).to_owned())
                .collect();
            let alike = match others.len() {
                0 => String::new(),
                others => format!(" and {} alike", words::count(others, "pool")),
            };
            let summary = format!(
                "<code>{}</code>{alike}: {}",
                block.pool,
                escape_html(&block.headline.words())
            );
            page.details(summary, "diff", &text.join("\n"));
        }
        page.render(max_bytes)
    }
}

fn kind_words(kind: kmax_model::Kind) -> &'static str {
    match kind {
        kmax_model::Kind::LaunchTemplate => "template",
        kmax_model::Kind::AutoScalingGroup => "group",
    }
}

/// Adds notices as a list: those of one rule together, the hint once.
pub(crate) fn notices_block(page: &mut Markdown, title: &str, all: &[kmax_model::Notice]) {
    if all.is_empty() {
        return;
    }
    let mut text = format!("**{title}**\n");
    for Group { rule, hint, messages } in notices::grouped(all) {
        let hint = hint.map(|hint| format!(" *{hint}*")).unwrap_or_default();
        match messages.as_slice() {
            [one] => text.push_str(&format!("\n- `{rule}`: {one}.{hint}")),
            many => {
                text.push_str(&format!(
                    "\n- `{rule}`, {}.{hint}",
                    words::count(many.len(), "time")
                ));
                for message in many.iter().take(SHOWN) {
                    text.push_str(&format!("\n  - {message}"));
                }
                if many.len() > SHOWN {
                    text.push_str(&format!("\n  - and {} more", many.len() - SHOWN));
                }
            }
        }
    }
    page.paragraph(text);
}
