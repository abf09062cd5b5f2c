//! Lines of text in tones: laid out first, coloured last.

use clap::builder::styling::{AnsiColor, Style};

/// What a piece of text is. Everything reads without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Text.
    Plain,
    /// What a line is about.
    Name,
    /// What can be passed over.
    Dim,
    /// Something is made, or went well.
    Good,
    /// Something is changed, or wants attention.
    Caution,
    /// Something goes, or went wrong.
    Bad,
    /// A hint.
    Note,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Name => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Caution => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Note => AnsiColor::Cyan.on_default(),
        }
    }
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// Colours or does not.
    pub(crate) fn new(on: bool) -> Self {
        Self { on }
    }

    /// Returns whether it colours.
    pub(crate) fn is_on(self) -> bool {
        self.on
    }
}

/// A line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line(Vec<(Tone, String)>);

impl Line {
    /// An empty line.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A line of plain text.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::new().with(Tone::Plain, text)
    }

    /// Adds a piece.
    #[must_use]
    pub(crate) fn with(mut self, tone: Tone, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.0.push((tone, text));
        }
        self
    }

    /// Adds spaces up to a column, one at least where there is text already.
    #[must_use]
    pub(crate) fn pad_to(self, column: usize) -> Self {
        let length = self.len();
        let spaces = column.saturating_sub(length).max(usize::from(length > 0));
        self.with(Tone::Plain, " ".repeat(spaces))
    }

    /// Returns how many characters it has.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// Returns the text without colour.
    pub(crate) fn text(&self) -> String {
        self.render(Paint::new(false))
    }

    /// Returns the text.
    pub(crate) fn render(&self, paint: Paint) -> String {
        let mut text = String::new();
        for (tone, piece) in &self.0 {
            let style = if paint.is_on() { tone.style() } else { Style::new() };
            text.push_str(&format!("{}{piece}{}", style.render(), style.render_reset()));
        }
        if paint.is_on() { text } else { text.trim_end().to_owned() }
    }
}

/// Breaks text into lines at spaces.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let length = line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && length > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pads_what_is_seen_and_not_what_is_sent() {
        let line = Line::new().with(Tone::Bad, "- x").pad_to(6).with(Tone::Plain, "y");
        assert_eq!(line.text(), "- x   y");
        assert!(line.render(Paint::new(true)).contains('\u{1b}'));
    }

    #[test]
    fn wraps_at_spaces() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("immeasurable", 4), ["immeasurable"]);
    }
}
