//! Descriptions: HTML made safe on every write, and its plain text.

use std::sync::LazyLock;

use ammonia::Builder;

static NO_TAGS: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder.tags(std::collections::HashSet::new());
    builder
});

/// The HTML without scripts, styles, event handlers and whatever else a shop's page must not run.
#[must_use]
pub fn sanitize(html: &str) -> String {
    ammonia::clean(html).trim().to_owned()
}

/// What a reader sees: no tags, one line per block.
#[must_use]
pub fn plain_text(html: &str) -> String {
    let mut broken = html.replace('\n', " ");
    for end in ["</p>", "<br>", "</li>", "</div>", "</tr>", "</h1>", "</h2>", "</h3>", "</h4>", "</h5>", "</h6>"] {
        broken = broken.replace(end, &format!("{end}\n"));
    }
    let text = NO_TAGS.clean(&broken).to_string();
    let text = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", " "), ("&amp;", "&")]
        .iter()
        .fold(text, |text, (entity, letter)| text.replace(entity, letter));
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_handlers_go_and_formatting_stays() {
        let html = "<p onclick=\"steal()\">Warm &amp; <strong>dry</strong></p><script>alert(1)</script><a href=\"javascript:x\">go</a>";
        assert_eq!(sanitize(html), "<p>Warm &amp; <strong>dry</strong></p><a rel=\"noopener noreferrer\">go</a>");
        assert_eq!(sanitize(&sanitize(html)), sanitize(html));
    }

    #[test]
    fn plain_text_has_a_line_per_block() {
        let html = "<p>Warm &amp;\n dry, 5 &lt; 6</p><ul><li>One</li><li>Two&nbsp;halves</li></ul>a<br>b";
        assert_eq!(plain_text(&sanitize(html)), "Warm & dry, 5 < 6\nOne\nTwo halves\na\nb");
    }
}
