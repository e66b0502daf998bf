//! HTML, tag by tag.

use std::cell::RefCell;

use domain::content::Style;
use html5ever::{
    LocalName,
    tendril::StrTendril,
    tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
};
use ruma::OwnedUserId;

use super::{
    Shown,
    address::{Address, says},
    colour,
    element::{Meaning, attribute, meaning},
    page::{Page, StyleId},
    picture::Picture,
};
use crate::message::{Quoted, RemoteEmoticon};

/// The most elements within each other; nobody writes so many.
const DEEPEST: usize = 100;
/// The most emoticons of a message.
const MOST_EMOTICONS: usize = 50;
/// The most people that a message mentions.
pub(in crate::message) const MOST_PEOPLE: usize = 200;

/// Within these a block does not end a paragraph that is around them.
const PARAGRAPH_BORDERS: &[&str] = &["blockquote", "li", "td", "th", "details"];

/// Reads HTML; `None` when it is nested too deep, or when too much comes of it.
pub(super) fn read(html: &str) -> Option<Shown> {
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // It pauses at scripts, of which the sink says nothing: one turn reads it all.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.reader.into_inner().finish()
}

#[derive(Default)]
struct Sink {
    reader: RefCell<Reader>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut reader = self.reader.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => reader.begin(&tag),
            Token::TagToken(tag) => reader.end(&tag.name),
            Token::CharacterTokens(text) => reader.words(&text),
            Token::DoctypeToken(_)
            | Token::CommentToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

#[derive(Default)]
struct Reader {
    page: Page,
    /// Elements that have begun, innermost last.
    open: Vec<Element>,
    /// What is being passed over, and how many of its name are within each other.
    hidden: Option<(LocalName, usize)>,
    emoticons: Vec<RemoteEmoticon>,
    people: Vec<OwnedUserId>,
    quoted: Option<Quoted>,
    /// Whether a line break that follows at once does not count, as after `<pre>`.
    skips_break: bool,
    is_too_deep: bool,
}

struct Element {
    name: LocalName,
    ending: Ending,
}

/// What there is to do where an element ends.
enum Ending {
    Style(StyleId),
    /// A link, and the words that say where it leads.
    Link(StyleId, String),
    Words(&'static str, Option<StyleId>),
    Block(usize),
    Heading(usize, StyleId),
    Container,
    Exact(StyleId),
    List(Option<u32>),
    Row {
        cells: usize,
    },
    Cell,
    /// What is repeated of another message, which leaves everything before it as it was: the page, and how many people and
    /// emoticons there were.
    Reply {
        before: Box<Page>,
        people: usize,
        emoticons: usize,
    },
}

impl Ending {
    /// Whether what has begun within the element ends with it. Styles may overlap.
    const fn ends_others(&self) -> bool {
        match self {
            Self::Style(_) | Self::Link(..) | Self::Words(..) => false,
            Self::Block(_)
            | Self::Heading(..)
            | Self::Container
            | Self::Exact(_)
            | Self::List(_)
            | Self::Row { .. }
            | Self::Cell
            | Self::Reply { .. } => true,
        }
    }

    /// The number of the next item, if it is a list.
    const fn as_list(&mut self) -> Option<&mut Option<u32>> {
        if let Self::List(next) = self { Some(next) } else { None }
    }

    /// How many cells there have been, if it is a row.
    const fn as_row(&mut self) -> Option<&mut usize> {
        if let Self::Row { cells } = self { Some(cells) } else { None }
    }
}

impl Reader {
    fn begin(&mut self, tag: &Tag) {
        self.skips_break = false;
        if let Some((name, depth)) = &mut self.hidden {
            *depth += usize::from(*name == tag.name);
            return;
        }
        let meaning = meaning(tag);
        if meaning.ends_paragraph() {
            self.end_within("p", PARAGRAPH_BORDERS);
        }
        match meaning {
            Meaning::Styled(Style::Code) if self.is_exact() => {}
            Meaning::Styled(style) => {
                let style = self.page.begin(style);
                self.open(tag, Ending::Style(style));
            }
            Meaning::Link => self.begin_link(tag),
            Meaning::Attributed => self.begin_attributed(tag),
            Meaning::Shifted(mark) => self.page.symbol(mark),
            Meaning::Block(lines) => {
                self.page.block(lines);
                self.open(tag, Ending::Block(lines));
            }
            Meaning::Heading(lines) => {
                self.page.block(lines);
                let style = self.page.begin(Style::Bold);
                self.open(tag, Ending::Heading(lines, style));
            }
            Meaning::Quote => {
                self.page.block(1);
                self.page.enter_quote();
                self.open(tag, Ending::Container);
            }
            Meaning::Exact => {
                self.page.block(1);
                let style = self.page.begin(Style::Code);
                self.open(tag, Ending::Exact(style));
                self.skips_break = true;
            }
            Meaning::List(first) => {
                self.page.block(1);
                self.open(tag, Ending::List(first));
            }
            Meaning::Item => self.begin_item(tag),
            Meaning::Row => {
                self.end_within("tr", &["table"]);
                self.page.block(1);
                self.open(tag, Ending::Row { cells: 0 });
            }
            Meaning::Cell => self.begin_cell(tag),
            Meaning::Reply => {
                let before = Box::new(std::mem::take(&mut self.page));
                let (people, emoticons) = (self.people.len(), self.emoticons.len());
                self.open(tag, Ending::Reply { before, people, emoticons });
            }
            Meaning::Break => self.page.line_break(),
            Meaning::Rule => {
                self.page.block(1);
                self.page.symbol("----------");
                self.page.block(1);
            }
            Meaning::Picture => self.picture(tag),
            Meaning::Hidden => self.hidden = Some((tag.name.clone(), 1)),
            Meaning::Transparent => {}
        }
    }

    fn begin_link(&mut self, tag: &Tag) {
        match attribute(tag, "href").and_then(Address::parse) {
            Some(Address::Person(user)) => self.mention(user),
            Some(Address::Room { alias, address }) => {
                let style = self.page.begin(Style::Link(address));
                self.open(tag, Ending::Link(style, alias));
            }
            Some(Address::Page(address)) => {
                let style = self.page.begin(Style::Link(address.clone()));
                self.open(tag, Ending::Link(style, address));
            }
            None => {}
        }
    }

    fn mention(&mut self, user: OwnedUserId) {
        if !self.people.contains(&user) && self.people.len() < MOST_PEOPLE {
            self.people.push(user);
        }
    }

    fn begin_attributed(&mut self, tag: &Tag) {
        if let Some(source) = attribute(tag, "data-mx-maths") {
            self.page.words(source);
            self.hidden = Some((tag.name.clone(), 1));
            return;
        }
        if &*tag.name == "div" {
            self.end_within("p", PARAGRAPH_BORDERS);
            self.page.block(1);
            return self.open(tag, Ending::Block(1));
        }
        let colour = attribute(tag, "data-mx-color").or_else(|| attribute(tag, "color")).and_then(colour::parse);
        let colour = colour.map(|colour| self.page.begin(Style::Colour(colour)));
        let Some(reason) = attribute(tag, "data-mx-spoiler") else {
            // One without a colour has to be known as well: it may stand within one that has.
            return self.open(tag, colour.map_or(Ending::Words("", None), Ending::Style));
        };
        self.page.symbol("[spoiler");
        if !reason.trim().is_empty() {
            self.page.words(&format!(" ({})", reason.trim()));
        }
        self.page.words(": ");
        self.open(tag, Ending::Words("]", colour));
    }

    fn begin_item(&mut self, tag: &Tag) {
        self.end_within("li", &["ul", "ol"]);
        let mut lists = self.open.iter_mut().rev().filter_map(|element| element.ending.as_list());
        let mark = match lists.next() {
            Some(Some(next)) => {
                let number = *next;
                *next = number.saturating_add(1);
                format!("{number}. ")
            }
            Some(None) | None => "- ".to_owned(),
        };
        self.page.block(1);
        self.page.enter_item(mark);
        self.open(tag, Ending::Container);
    }

    fn begin_cell(&mut self, tag: &Tag) {
        self.end_within("td", &["tr", "table"]);
        self.end_within("th", &["tr", "table"]);
        let mut rows = self.open.iter_mut().rev().filter_map(|element| element.ending.as_row());
        if let Some(cells) = rows.next() {
            *cells += 1;
            if *cells > 1 {
                self.page.words(" ");
                self.page.symbol("|");
                self.page.words(" ");
            }
        }
        self.open(tag, Ending::Cell);
    }

    fn picture(&mut self, tag: &Tag) {
        match Picture::of(tag) {
            Picture::Emoticon(emoticon) => {
                self.page.symbol(&emoticon.shortcut);
                let is_known = self.emoticons.iter().any(|known| known.shortcut == emoticon.shortcut);
                if !is_known && self.emoticons.len() < MOST_EMOTICONS {
                    self.emoticons.push(emoticon);
                }
            }
            Picture::Described(words) => self.page.words(&words),
        }
    }

    fn words(&mut self, text: &str) {
        let skips_break = std::mem::take(&mut self.skips_break);
        if self.hidden.is_some() {
            return;
        }
        if self.is_exact() {
            self.page.exact(text.strip_prefix('\n').filter(|_| skips_break).unwrap_or(text));
        } else {
            self.page.words(text);
        }
    }

    fn end(&mut self, name: &LocalName) {
        self.skips_break = false;
        if let Some((hidden, depth)) = &mut self.hidden {
            if hidden == name {
                *depth -= 1;
                if *depth == 0 {
                    self.hidden = None;
                }
            }
            return;
        }
        if &**name == "br" {
            self.page.line_break();
        }
        self.end_within(name, &[]);
    }

    fn open(&mut self, tag: &Tag, ending: Ending) {
        self.is_too_deep |= self.open.len() >= DEEPEST;
        // What is refused in the end needs no memory.
        if self.is_too_deep {
            self.close(ending);
        } else {
            self.open.push(Element { name: tag.name.clone(), ending });
        }
    }

    /// Ends the innermost element of this name, unless one of `borders` stands between, or the beginning of `mx-reply`: what is
    /// repeated there is a page of its own.
    fn end_within(&mut self, name: &str, borders: &[&str]) {
        let is_border = |other: &str| other != name && (other == "mx-reply" || borders.contains(&other));
        let element = self.open.iter().rposition(|element| &*element.name == name);
        let border = self.open.iter().rposition(|element| is_border(&element.name));
        let Some(at) = element.filter(|at| border.is_none_or(|border| border < *at)) else { return };
        if self.open.get(at).is_some_and(|element| element.ending.ends_others()) {
            while self.open.len() > at {
                self.end_innermost();
            }
        } else {
            let element = self.open.remove(at);
            self.close(element.ending);
        }
    }

    fn end_innermost(&mut self) {
        if let Some(element) = self.open.pop() {
            self.close(element.ending);
        }
    }

    fn close(&mut self, ending: Ending) {
        match ending {
            Ending::Style(style) => self.page.end(style, |_| true),
            // A link that says its address needs no second one.
            Ending::Link(style, said) => self.page.end(style, |words| !says(words, &said)),
            Ending::Words(words, style) => {
                self.page.attach(words);
                if let Some(style) = style {
                    self.page.end(style, |_| true);
                }
            }
            Ending::Block(lines) => self.page.block(lines),
            Ending::Heading(lines, style) => {
                self.page.end(style, |_| true);
                self.page.block(lines);
            }
            Ending::Container => {
                self.page.leave();
                self.page.block(1);
            }
            Ending::Exact(style) => {
                self.page.end(style, |_| true);
                self.page.end_lines();
                self.page.block(1);
            }
            Ending::List(_) | Ending::Row { .. } => self.page.block(1),
            Ending::Cell => {}
            Ending::Reply { before, people, emoticons } => {
                let page = std::mem::replace(&mut self.page, *before);
                self.emoticons.truncate(emoticons);
                let linked = self.people.split_off(people.min(self.people.len()));
                self.repeated(page, linked.into_iter().next());
            }
        }
    }

    /// What was read within `mx-reply`: whom it links to first is the author, and the line that does so is none of the words.
    fn repeated(&mut self, page: Page, author: Option<OwnedUserId>) {
        let Some((text, _)) = page.finish().filter(|_| self.quoted.is_none()) else { return };
        let bare = |line: &str| line.strip_prefix("> ").unwrap_or(line.trim_start_matches('>')).to_owned();
        let words: Vec<String> = text.lines().skip(1).map(bare).collect();
        self.quoted = Some(Quoted { author: author.map(String::from), words: words.join("\n") });
    }

    fn is_exact(&self) -> bool {
        self.open.iter().any(|element| matches!(element.ending, Ending::Exact(_)))
    }

    fn finish(mut self) -> Option<Shown> {
        while !self.open.is_empty() {
            self.end_innermost();
        }
        if self.is_too_deep {
            return None;
        }
        let Self { page, emoticons, people, quoted, .. } = self;
        let (text, spans) = page.finish()?;
        Some(Shown { text, spans, emoticons, people, quoted })
    }
}
