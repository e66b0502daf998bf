//! What the elements of HTML come to in plain text.

use domain::content::Style;
use html5ever::{Attribute, tokenizer::Tag};

/// What an element comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Words that look otherwise.
    Styled(Style),
    /// A link, if it leads anywhere.
    Link,
    /// A colour, a spoiler, or a formula: it depends on its attributes.
    Attributed,
    /// Words above or below the others, led in by this.
    Shifted(&'static str),
    /// A block that begins and ends with so many line breaks at least.
    Block(usize),
    /// A block in bold.
    Heading(usize),
    /// A quote.
    Quote,
    /// Lines as they are.
    Exact,
    /// A list, with the number of its first item where they are numbered.
    List(Option<u32>),
    /// An item of a list.
    Item,
    /// A row of a table.
    Row,
    /// A cell of a row.
    Cell,
    /// What a reply repeats of another message.
    Reply,
    /// A line break.
    Break,
    /// A line across.
    Rule,
    /// A picture.
    Picture,
    /// Nothing that anybody should see.
    Hidden,
    /// Nothing of its own: its words stand where it stood.
    Transparent,
}

/// What an element with this name and these attributes comes to.
pub(super) fn meaning(tag: &Tag) -> Meaning {
    match &*tag.name {
        "b" | "strong" => Meaning::Styled(Style::Bold),
        "i" | "em" | "cite" | "dfn" | "var" => Meaning::Styled(Style::Italic),
        "u" | "ins" => Meaning::Styled(Style::Underline),
        "s" | "del" | "strike" => Meaning::Styled(Style::Strike),
        "code" | "tt" | "kbd" | "samp" => Meaning::Styled(Style::Code),
        "a" => Meaning::Link,
        "span" | "font" | "div" => Meaning::Attributed,
        "sup" => Meaning::Shifted("^"),
        "sub" => Meaning::Shifted("_"),
        "p" => Meaning::Block(2),
        "details" | "table" | "thead" | "tbody" | "tfoot" | "caption" | "section" | "article" | "header" | "footer"
        | "center" | "dl" | "dt" | "dd" => Meaning::Block(1),
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => Meaning::Heading(2),
        "summary" => Meaning::Heading(1),
        "blockquote" => Meaning::Quote,
        "pre" => Meaning::Exact,
        "ul" => Meaning::List(None),
        "ol" => Meaning::List(Some(attribute(tag, "start").and_then(|start| start.trim().parse().ok()).unwrap_or(1))),
        "li" => Meaning::Item,
        "tr" => Meaning::Row,
        "td" | "th" => Meaning::Cell,
        "mx-reply" => Meaning::Reply,
        "br" => Meaning::Break,
        "hr" => Meaning::Rule,
        "img" => Meaning::Picture,
        "script" | "style" | "head" | "title" | "template" | "iframe" | "object" | "svg" | "select" => Meaning::Hidden,
        _ => Meaning::Transparent,
    }
}

impl Meaning {
    /// Whether a paragraph ends where such an element begins.
    pub(super) const fn ends_paragraph(&self) -> bool {
        match self {
            Self::Block(_)
            | Self::Heading(_)
            | Self::Quote
            | Self::Exact
            | Self::List(_)
            | Self::Item
            | Self::Row
            | Self::Rule => true,
            Self::Styled(_)
            | Self::Link
            | Self::Attributed
            | Self::Shifted(_)
            | Self::Cell
            | Self::Reply
            | Self::Break
            | Self::Picture
            | Self::Hidden
            | Self::Transparent => false,
        }
    }
}

/// An attribute's value.
pub(super) fn attribute<'tag>(tag: &'tag Tag, name: &str) -> Option<&'tag str> {
    tag.attrs.iter().find(|Attribute { name: other, .. }| &*other.local == name).map(|attribute| &*attribute.value)
}
