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

    /// Breaks it at spaces so that no line is wider than the width, but for words that are. Lines
    /// after the first begin at a column.
    pub(crate) fn fold(self, width: usize, hang: usize) -> Vec<Self> {
        if self.len() <= width {
            return vec![self];
        }
        // A word that fits a line of its own is to fit where that line begins.
        let text: String = self.0.iter().map(|(_, text)| text.as_str()).collect();
        let longest = text.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
        let room = width.checked_sub(longest).unwrap_or(width);
        let hang = hang.min(width / 2).min(room);
        let mut rest: Vec<(Tone, char)> = Vec::new();
        for (tone, text) in &self.0 {
            rest.extend(text.chars().map(|c| (*tone, c)));
        }
        let (mut lines, mut indent) = (Vec::new(), 0);
        while let Some(end) = break_at(&rest, width.saturating_sub(indent)) {
            let after = rest.split_off(end);
            lines.push(Self::of_chars(indent, &rest));
            rest = after.into_iter().skip_while(|(_, c)| *c == ' ').collect();
            indent = hang;
        }
        if !rest.is_empty() {
            lines.push(Self::of_chars(indent, &rest));
        }
        lines
    }

    fn of_chars(indent: usize, chars: &[(Tone, char)]) -> Self {
        let mut line = Self::new().with(Tone::Plain, " ".repeat(indent));
        for piece in chars.chunk_by(|(a, _), (b, _)| a == b) {
            let tone = piece.first().map_or(Tone::Plain, |(tone, _)| *tone);
            line = line.with(tone, piece.iter().map(|(_, c)| *c).collect::<String>());
        }
        line
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

/// Returns where a line ends that is too long: at the last space that the width has room for, or at
/// the first beyond it; none where all of it stays together.
fn break_at(chars: &[(Tone, char)], width: usize) -> Option<usize> {
    if chars.len() <= width {
        return None;
    }
    let start = chars.iter().position(|(_, c)| *c != ' ')?;
    let is_space = |at: &usize| chars.get(*at).is_some_and(|(_, c)| *c == ' ');
    let end =
        (start..=width).rev().find(is_space).or_else(|| (start..chars.len()).find(is_space))?;
    // Spaces before the break are no part of the line.
    chars.get(..end)?.iter().rposition(|(_, c)| *c != ' ').map(|last| last + 1)
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
    fn folds_at_spaces_and_keeps_tones() {
        let texts = |line: Line, width, hang| -> Vec<String> {
            line.fold(width, hang).iter().map(Line::text).collect()
        };
        let line =
            || Line::plain("  label  ").with(Tone::Dim, "one two three").with(Tone::Bad, "!");
        assert_eq!(texts(line(), 40, 9), ["  label  one two three!"]);
        assert_eq!(texts(line(), 18, 9), ["  label  one two", "         three!"]);
        assert_eq!(texts(line(), 8, 4), ["  label", "  one", "  two", "  three!"]);
        assert_eq!(texts(Line::plain("immeasurable a"), 4, 2), ["immeasurable", "  a"]);
        let folded = line().fold(18, 9);
        let last = Line::plain(" ".repeat(9)).with(Tone::Dim, "three").with(Tone::Bad, "!");
        assert_eq!(folded.last(), Some(&last));
    }

    #[test]
    fn wraps_at_spaces() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("immeasurable", 4), ["immeasurable"]);
    }
}
