//! Markdown that can be cut to a size and still reads: never within a table's row, never within a
//! fence.

/// What is cut away is pointed at so.
const POINTER: &str =
    "\n*Cut here to fit. The whole text is in the log of the run that wrote this.*\n";

/// A page of markdown.
#[derive(Debug, Default)]
pub(crate) struct Markdown {
    blocks: Vec<Block>,
}

#[derive(Debug)]
enum Block {
    Paragraph(String),
    Table {
        head: String,
        rows: Vec<String>,
    },
    /// A fence that may be folded away under a summary.
    Code {
        summary: Option<String>,
        language: &'static str,
        lines: Vec<String>,
    },
}

impl Markdown {
    /// An empty page.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a paragraph, of markdown.
    pub(crate) fn paragraph(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Paragraph(text.into()));
    }

    /// Adds a table of markdown cells; without rows there is none.
    pub(crate) fn table<const N: usize>(&mut self, head: [&str; N], rows: &[[String; N]]) {
        if rows.is_empty() {
            return;
        }
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| escape_cell(cell)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let head = format!("{}|{}\n", line(&head.map(str::to_owned)), " --- |".repeat(N));
        let rows = rows.iter().map(|row| line(row)).collect();
        self.blocks.push(Block::Table { head, rows });
    }

    /// Adds a fence.
    pub(crate) fn code(&mut self, language: &'static str, text: &str) {
        let lines = text.trim_end().lines().map(str::to_owned).collect();
        self.blocks.push(Block::Code { summary: None, language, lines });
    }

    /// Adds a fence that is folded away under a summary, of HTML.
    pub(crate) fn details(&mut self, summary: String, language: &'static str, text: &str) {
        let lines = text.trim_end().lines().map(str::to_owned).collect();
        self.blocks.push(Block::Code { summary: Some(summary), language, lines });
    }

    /// Returns the page, of at most so many bytes.
    pub(crate) fn render(&self, max_bytes: usize) -> String {
        let whole = self.cut(usize::MAX);
        if whole.len() <= max_bytes {
            return whole;
        }
        let room = max_bytes.saturating_sub(POINTER.len());
        let text = format!("{}{POINTER}", self.cut(room));
        if text.len() <= max_bytes {
            return text;
        }
        // Not even the pointer fits.
        text.trim_start().chars().take_while(char::is_ascii).take(max_bytes).collect()
    }

    /// Returns as many blocks as fit, the last of them cut between lines.
    fn cut(&self, room: usize) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            let left = room.saturating_sub(text.len() + usize::from(!text.is_empty()));
            let (part, is_whole) = block.cut(left);
            if !part.is_empty() {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&part);
            }
            if !is_whole {
                break;
            }
        }
        text
    }
}

impl Block {
    /// Returns what of the block fits, and whether that is all of it.
    fn cut(&self, room: usize) -> (String, bool) {
        match self {
            Self::Paragraph(text) => {
                let text = format!("{text}\n");
                if text.len() <= room { (text, true) } else { (String::new(), false) }
            }
            Self::Table { head, rows } => fit(head, rows, "", room),
            Self::Code { summary, language, lines } => {
                let fence = fence(lines);
                let (before, after) = match summary {
                    Some(summary) => {
                        let open = format!("<details><summary>{summary}</summary>\n\n");
                        (open, "\n</details>\n")
                    }
                    None => (String::new(), ""),
                };
                let head = format!("{before}{fence}{language}\n");
                let lines: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
                fit(&head, &lines, &format!("{fence}\n{after}"), room)
            }
        }
    }
}

/// Returns a head, as many lines as fit, and a tail.
fn fit(head: &str, lines: &[String], tail: &str, room: usize) -> (String, bool) {
    let mut text = head.to_owned();
    let mut shown = 0;
    for line in lines {
        if text.len() + line.len() + tail.len() > room {
            break;
        }
        text.push_str(line);
        shown += 1;
    }
    // A head without a line says nothing.
    if shown == 0 {
        return (String::new(), false);
    }
    text.push_str(tail);
    (text, shown == lines.len())
}

/// Returns a fence longer than any run of backticks within.
fn fence(lines: &[String]) -> String {
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max();
    "`".repeat(longest.unwrap_or(0).max(2) + 1)
}

fn escape_cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Escapes text for HTML within markdown.
pub(crate) fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Markdown {
        let mut page = Markdown::new();
        page.paragraph("### A page");
        let rows: Vec<_> = (0..20).map(|n| [format!("pool {n}"), "a|b".to_owned()]).collect();
        page.table(["pool", "effect"], &rows);
        page.details("dsp".to_owned(), "text", "one\n```\ntwo\nthree");
        page.paragraph("The end.");
        page
    }

    #[test]
    fn whatever_the_size_it_fits_and_reads() {
        let page = page();
        let whole = page.render(usize::MAX);
        assert!(whole.contains("a\\|b") && whole.contains("````text"));
        for max in 0..=whole.len() {
            let text = page.render(max);
            assert!(text.len() <= max, "{} of {max}", text.len());
            assert_eq!(text.matches("````").count() % 2, 0, "{text}");
            assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
            assert!(
                text.lines().filter(|l| l.starts_with('|')).all(|l| l.ends_with('|')),
                "{text}"
            );
            if max > POINTER.len() {
                assert!(text == whole || text.contains("Cut here"), "{text}");
            }
        }
    }
}
