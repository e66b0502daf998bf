//! What it costs to understand a line of text, and to put one into Messenger's words.

use std::hint::black_box;

use chrysalis_session::{
    emoji::{self, Emoji},
    text::{self, Definitions},
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use domain::content::{Span, Style, Text};
use msnp::text_format::TextFormat;

const PLAIN: &str = "see you at eight then, the usual place? I shall bring the tickets with me";
const CODES: &str = "hi :) see https://x.example/(y) and say (y) or (n), not `a:p` ;-) (L)";
const EMOJI: &str = "hi 🙂 see https://x.example/👍 and say 👍 or 👎, 🚀 not `a` 😉 ❤️";

fn outward(criterion: &mut Criterion) {
    let format = TextFormat::parse("FN=Comic%20Sans%20MS; EF=B; CO=ff; CS=0; PF=22");
    let definitions = Definitions::default();
    for (name, line) in [("plain", PLAIN), ("codes", CODES)] {
        criterion.bench_function(&format!("text outward, {name}"), |bencher| {
            bencher.iter(|| text::outward(black_box(line), Some(&format), &definitions, Emoji::Codes));
        });
        criterion.bench_function(&format!("emoji outward, {name}"), |bencher| {
            bencher.iter(|| emoji::outward(black_box(line)));
        });
    }
    criterion.bench_function("without Messenger Plus! codes, none", |bencher| {
        bencher.iter(|| text::without_plus_codes(black_box(PLAIN)));
    });
}

fn inward(criterion: &mut Criterion) {
    let spans = vec![Span { range: 0..2, style: Style::Bold }];
    for (name, text) in [
        ("plain", Text::plain(PLAIN)),
        ("emoji", Text::plain(EMOJI)),
        ("emoji and bold", Text { spans, ..Text::plain(EMOJI) }),
    ] {
        criterion.bench_function(&format!("text inward, {name}"), |bencher| {
            bencher.iter(|| text::inward(black_box(&text), Emoji::Codes, "Tahoma"));
        });
    }
    // Formatted over and over, as the worst that a network may bring: it must not grow faster than its length.
    for count in [100, 1000] {
        let spans = (0..count).map(|place| Span { range: place * 4..place * 4 + 3, style: Style::Bold }).collect();
        let text = Text { spans, ..Text::plain("ab, ".repeat(count)) };
        criterion.bench_function(&format!("text inward, {count} spans"), |bencher| {
            bencher.iter_batched(
                || text.clone(),
                |text| text::inward(&text, Emoji::Codes, "Tahoma"),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, outward, inward);
criterion_main!(benches);
